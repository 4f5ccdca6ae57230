/*
 * augment.h - random crop and flip of one image on its way from bytes to floats.
 */
#ifndef LIBPFLOW_AUGMENT_H
#define LIBPFLOW_AUGMENT_H

#include "data/images.h"
#include "pflow/random.h"

/* Where the crop begins in the padded image, and whether it is mirrored. */
typedef struct pf_augment_draw {
  size_t top, left; /* 0 to 2 * pad; pad means the image as it is */
  bool flip;
} pf_augment_draw;

/* Words of the stream that one draw may use. */
enum { pf_augment_words = 16 };

pf_augment_draw pf_augment_draw_next(pflow_rng *rng, size_t pad, bool flip);

/* The image's values / 255, cropped from a border of `pad` zeros, then mirrored. */
void pf_augment_row(float *out, const pflow_images *images, size_t index, size_t pad,
                    pf_augment_draw draw);

#endif
