/*
 * palette.h - colours of classes.
 */
#ifndef DRAW_PALETTE_H
#define DRAW_PALETTE_H

enum { palette_size = 10 };

/* 0xRRGGBB of a class, the same every ten classes. Petroff 2021 (arXiv 2107.02270): told
 * apart with the usual colour-vision deficiencies as well. */
unsigned palette_color(int index);

#endif
