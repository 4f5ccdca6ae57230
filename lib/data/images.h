/*
 * images.h - the fields of a set of images, for the files that make and read one.
 */
#ifndef LIBPFLOW_IMAGES_H
#define LIBPFLOW_IMAGES_H

#include "base/base.h"
#include "pflow/data.h"

struct pflow_images {
  size_t n, channels, height, width;
  size_t size; /* bytes of one image: channels * height * width */
  size_t classes;
  unsigned char *pixels;
  int32_t *labels;
};

/* The most bytes of pixels that files may ask for. */
size_t pf_images_limit(void);

/* n black images of label 0; shape is channels, height, width, and nothing may be 0. */
pflow_err pf_images_create(pflow_images **images, size_t n, const size_t shape[3],
                           size_t classes);

/* Destroys images and returns rc when it is an error, hands them out otherwise. */
pflow_err pf_images_finish(pflow_images **images, pflow_images *made, pflow_err rc);

/* PFLOW_EINVAL unless split is PFLOW_TRAIN or PFLOW_TEST. */
pflow_err pf_check_split(pflow_split split);

/* Bytes to floats in [0, 1]. */
static inline void pf_bytes_to_unit(float *out, const unsigned char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = (float)bytes[i] / 255.0f;
}

#endif
