/*
 * images.c - a set of labelled images: storage, access, padding, taking a part.
 */
#include "data/images.h"

#include <string.h>

#include "base/reader.h"

size_t pf_images_limit(void) {
  return pf_file_limit((size_t)1 << 30);
}

pflow_err pf_images_create(pflow_images **images, size_t n, const size_t shape[3],
                           size_t classes) {
  size_t size, bytes;
  *images = NULL;
  if (n == 0) return pf_fail(PFLOW_EINVAL, "a set of 0 images");
  if (classes == 0 || classes > INT32_MAX)
    return pf_fail(PFLOW_EINVAL, "images of %zu classes, wants 1 to %d", classes,
                   INT32_MAX);
  if (shape[0] == 0 || shape[1] == 0 || shape[2] == 0)
    return pf_fail(PFLOW_EINVAL, "an image of %zu x %zu x %zu", shape[0], shape[1],
                   shape[2]);
  pf_try(pf_mul(&size, shape[0], shape[1], "image size"));
  pf_try(pf_mul(&size, size, shape[2], "image size"));
  pf_try(pf_mul(&bytes, n, size, "pixels of all images"));
  pflow_images *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  *made = (pflow_images){.n = n,
                         .channels = shape[0],
                         .height = shape[1],
                         .width = shape[2],
                         .size = size,
                         .classes = classes};
  pflow_err rc = pf_alloc(&made->pixels, bytes, 1);
  if (rc >= 0) rc = pf_alloc(&made->labels, n, sizeof *made->labels);
  return pf_images_finish(images, made, rc);
}

/* Copies labels that lie in [0, classes). */
static pflow_err copy_labels(pflow_images *images, const int32_t *labels) {
  for (size_t i = 0; i < images->n; i++) {
    if (labels[i] < 0 || (size_t)labels[i] >= images->classes)
      return pf_fail(PFLOW_ELABEL, "image %zu has label %d, wants 0 to %zu", i, labels[i],
                     images->classes - 1);
    images->labels[i] = labels[i];
  }
  return PFLOW_OK;
}

pflow_err pflow_images_create(pflow_images **images, const unsigned char *pixels,
                              const int32_t *labels, size_t n, const size_t shape[3],
                              size_t classes) {
  pf_need(images);
  *images = NULL;
  pf_need(pixels);
  pf_need(labels);
  pf_need(shape);
  pflow_images *made;
  pf_try(pf_images_create(&made, n, shape, classes));
  memcpy(made->pixels, pixels, n * made->size);
  return pf_images_finish(images, made, copy_labels(made, labels));
}

pflow_err pf_images_finish(pflow_images **images, pflow_images *made, pflow_err rc) {
  if (rc < 0) {
    pflow_images_destroy(made);
    return rc;
  }
  *images = made;
  return PFLOW_OK;
}

pflow_err pf_check_split(pflow_split split) {
  return pf_check_setting(split == PFLOW_TRAIN || split == PFLOW_TEST, "split",
                          (double)split, "PFLOW_TRAIN or PFLOW_TEST");
}

void pflow_images_destroy(pflow_images *images) {
  if (!images) return;
  pflow_free(images->pixels);
  pflow_free(images->labels);
  pflow_free(images);
}

size_t pflow_images_count(const pflow_images *images) {
  return images ? images->n : 0;
}

size_t pflow_images_channels(const pflow_images *images) {
  return images ? images->channels : 0;
}

size_t pflow_images_height(const pflow_images *images) {
  return images ? images->height : 0;
}

size_t pflow_images_width(const pflow_images *images) {
  return images ? images->width : 0;
}

size_t pflow_images_classes(const pflow_images *images) {
  return images ? images->classes : 0;
}

const unsigned char *pflow_images_pixels(const pflow_images *images) {
  return images ? images->pixels : NULL;
}

const int32_t *pflow_images_labels(const pflow_images *images) {
  return images ? images->labels : NULL;
}

/* Copies one plane of the source into the middle of a plane of `to`. */
static void centre_plane(unsigned char *plane, const pflow_images *to,
                         const unsigned char *source, const pflow_images *from) {
  size_t top = (to->height - from->height) / 2;
  size_t left = (to->width - from->width) / 2;
  for (size_t y = 0; y < from->height; y++)
    memcpy(plane + (top + y) * to->width + left, source + y * from->width, from->width);
}

static void centre_images(pflow_images *to, const pflow_images *from) {
  size_t to_plane = to->height * to->width, from_plane = from->height * from->width;
  size_t step = from->channels == 1 ? 0 : from_plane;
  for (size_t i = 0; i < to->n; i++) {
    for (size_t c = 0; c < to->channels; c++)
      centre_plane(to->pixels + i * to->size + c * to_plane, to,
                   from->pixels + i * from->size + c * step, from);
  }
  memcpy(to->labels, from->labels, to->n * sizeof *to->labels);
}

pflow_err pflow_images_pad(pflow_images **images, const pflow_images *source,
                           size_t channels, size_t height, size_t width) {
  pf_need(images);
  *images = NULL;
  pf_need(source);
  bool repeats = source->channels == 1 && channels > 0;
  if (channels != source->channels && !repeats)
    return pf_fail(PFLOW_ESHAPE, "images of %zu channels cannot get %zu",
                   source->channels, channels);
  if (height < source->height || width < source->width)
    return pf_fail(PFLOW_ESHAPE, "images of %zu x %zu do not fit into %zu x %zu",
                   source->height, source->width, height, width);
  const size_t shape[3] = {channels, height, width};
  pf_try(pf_images_create(images, source->n, shape, source->classes));
  centre_images(*images, source);
  return PFLOW_OK;
}

pflow_err pflow_images_take(pflow_images **images, const pflow_images *source, size_t n) {
  pf_need(images);
  *images = NULL;
  pf_need(source);
  if (n > source->n) n = source->n;
  const size_t shape[3] = {source->channels, source->height, source->width};
  pf_try(pf_images_create(images, n, shape, source->classes));
  memcpy((*images)->pixels, source->pixels, n * source->size);
  memcpy((*images)->labels, source->labels, n * sizeof *source->labels);
  return PFLOW_OK;
}

pflow_err pflow_images_get(const pflow_images *images, size_t begin, size_t n, float *x) {
  pf_need(images);
  pf_need(x);
  if (n == 0 || begin >= images->n || n > images->n - begin)
    return pf_fail(PFLOW_EINVAL, "%zu images from %zu on, of a set of %zu", n, begin,
                   images->n);
  pf_bytes_to_unit(x, images->pixels + begin * images->size, n * images->size);
  return PFLOW_OK;
}
