/*
 * colour.h - brightness, contrast, saturation and grey of an image of floats.
 */
#ifndef LIBPFLOW_COLOUR_H
#define LIBPFLOW_COLOUR_H

#include <stddef.h>

#include "pflow/random.h"

typedef struct pf_colour {
  double brightness, contrast, saturation; /* half-widths of the factors' ranges */
  double grey;                             /* probability */
} pf_colour;

/* Words that a change draws. */
enum { pf_colour_words = 4 };

/* Changes 1 or 3 channels of `size` values in [0, 1]. */
void pf_colour_change(float *image, size_t channels, size_t size, const pf_colour *how,
                      pflow_rng *rng);

#endif
