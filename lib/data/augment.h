/*
 * augment.h - an image on its way from bytes to floats: a random crop, flip, and change
 * of colours.
 */
#ifndef LIBPFLOW_AUGMENT_H
#define LIBPFLOW_AUGMENT_H

#include "data/colour.h"
#include "data/images.h"
#include "pflow/random.h"

/* What may happen to an image. */
typedef struct pf_augment {
  size_t pad;  /* a crop of the image in a border of `pad` zeros */
  double area; /* > 0: instead, a crop of at least this share, brought to full size */
  bool flip;
  pf_colour colour;
} pf_augment;

/* Words of the stream that belong to one image. */
enum { pf_augment_words = 16 };

/* The image's values / 255, changed as the words at the generator's place say. */
void pf_augment_row(float *out, const pflow_images *images, size_t index,
                    const pf_augment *how, const pflow_rng *rng);

#endif
