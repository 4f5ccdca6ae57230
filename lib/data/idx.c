/*
 * idx.c - IDX files of unsigned bytes: MNIST, Fashion-MNIST and their like.
 */
#include <stdio.h>
#include <unistd.h>

#include "data/gzip.h"
#include "data/images.h"

enum { pf_idx_bytes = 0x08, pf_idx_classes = 10 };

/* An IDX file whose header was read and whose values come next. */
typedef struct idx_file {
  pf_gzip source;
  size_t dim[3];
  size_t size;  /* product of the dimensions */
  size_t limit; /* the most that it may be */
} idx_file;

static pflow_err check_magic(const unsigned char magic[4], size_t ndim,
                             const char *path) {
  if (magic[0] != 0 || magic[1] != 0 || magic[2] < 0x08 || magic[2] > 0x0e)
    return pf_fail(PFLOW_EFORMAT, "%s: not an IDX file", path);
  if (magic[2] != pf_idx_bytes)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: values of type 0x%02x, wants 0x08 (bytes)",
                   path, magic[2]);
  if (magic[3] != ndim)
    return pf_fail(PFLOW_EUNSUPPORTED, "%s: %u dimensions, wants %zu", path, magic[3],
                   ndim);
  return PFLOW_OK;
}

static pflow_err read_header(idx_file *self, size_t ndim) {
  unsigned char head[4];
  const char *path = self->source.path;
  pf_try(pf_gzip_take(&self->source, head, sizeof head));
  pf_try(check_magic(head, ndim, path));
  self->size = 1;
  for (size_t i = 0; i < ndim; i++) {
    pf_try(pf_gzip_take(&self->source, head, sizeof head));
    self->dim[i] =
        (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (self->dim[i] == 0)
      return pf_fail(PFLOW_EFORMAT, "%s: dimension %zu is 0", path, i);
    pf_try(pf_mul(&self->size, self->size, self->dim[i], path));
  }
  if (self->size > self->limit)
    return pf_fail(PFLOW_ETOOLARGE, "%s: %zu bytes of values, at most %zu", path,
                   self->size, self->limit);
  return pf_gzip_expect(&self->source, self->size);
}

static pflow_err open_idx(idx_file *self, const char *path, size_t ndim) {
  self->limit = pf_images_limit();
  pf_try(pf_gzip_open(&self->source, path, self->limit));
  pflow_err rc = read_header(self, ndim);
  if (rc < 0) pf_gzip_close(&self->source);
  return rc;
}

/* The values, which must be all that is left of the file. */
static pflow_err read_values(idx_file *self, unsigned char *out) {
  pf_try(pf_gzip_take(&self->source, out, self->size));
  return pf_gzip_end(&self->source);
}

/* Labels are checked against classes; 0 classes become the largest label + 1. */
static pflow_err copy_labels(pflow_images *images, const unsigned char *bytes,
                             size_t classes, const char *path) {
  size_t largest = 0;
  for (size_t i = 0; i < images->n; i++) {
    if (classes > 0 && bytes[i] >= classes)
      return pf_fail(PFLOW_ELABEL, "%s: label %zu is %u, wants 0 to %zu", path, i,
                     bytes[i], classes - 1);
    if (bytes[i] > largest) largest = bytes[i];
    images->labels[i] = bytes[i];
  }
  images->classes = classes > 0 ? classes : largest + 1;
  return PFLOW_OK;
}

static pflow_err read_labels(pflow_images *images, idx_file *file, size_t classes) {
  unsigned char *bytes;
  pf_try(pf_alloc(&bytes, file->size, 1));
  pflow_err rc = read_values(file, bytes);
  if (rc >= 0) rc = copy_labels(images, bytes, classes, file->source.path);
  pflow_free(bytes);
  return rc;
}

/* The set of two opened files, which must agree before memory for it is taken. */
static pflow_err read_set(pflow_images **images, idx_file *pixels, idx_file *labels,
                          size_t classes) {
  const size_t shape[3] = {1, pixels->dim[1], pixels->dim[2]};
  if (labels->size != pixels->dim[0])
    return pf_fail(PFLOW_ESHAPE, "%s: %zu labels for %zu images", labels->source.path,
                   labels->size, pixels->dim[0]);
  pflow_images *made;
  pf_try(pf_images_create(&made, pixels->dim[0], shape, 1));
  pflow_err rc = read_values(pixels, made->pixels);
  if (rc >= 0) rc = read_labels(made, labels, classes);
  return pf_images_finish(images, made, rc);
}

pflow_err pflow_images_load_idx_files(pflow_images **images, const char *images_path,
                                      const char *labels_path, size_t classes) {
  pf_need(images);
  *images = NULL;
  pf_need(images_path);
  pf_need(labels_path);
  if (classes > INT32_MAX)
    return pf_fail(PFLOW_EINVAL, "classes is %zu, wants 0 to %d", classes, INT32_MAX);
  idx_file pixels, labels;
  pf_try(open_idx(&pixels, images_path, 3));
  pflow_err rc = open_idx(&labels, labels_path, 1);
  if (rc >= 0) {
    rc = read_set(images, &pixels, &labels, classes);
    pf_gzip_close(&labels.source);
  }
  pf_gzip_close(&pixels.source);
  return rc;
}

/* "<folder>/<split>-<kind>-ubyte", with ".gz" if only that exists. */
static pflow_err make_path(char **path, const char *folder, pflow_split split,
                           const char *kind) {
  static const char gz[] = ".gz";
  size_t size = strlen(folder) + 64;
  pf_try(pf_alloc(path, size, 1));
  int length = snprintf(*path, size, "%s/%s-%s-ubyte", folder,
                        split == PFLOW_TRAIN ? "train" : "t10k", kind);
  if (access(*path, F_OK) == 0) return PFLOW_OK;
  memcpy(*path + length, gz, sizeof gz);
  return PFLOW_OK;
}

pflow_err pflow_images_load_idx(pflow_images **images, const char *folder,
                                pflow_split split) {
  pf_need(images);
  *images = NULL;
  pf_need(folder);
  pf_try(pf_check_split(split));
  char *images_path = NULL, *labels_path = NULL;
  pflow_err rc = make_path(&images_path, folder, split, "images-idx3");
  if (rc >= 0) rc = make_path(&labels_path, folder, split, "labels-idx1");
  if (rc >= 0)
    rc = pflow_images_load_idx_files(images, images_path, labels_path, pf_idx_classes);
  pflow_free(images_path);
  pflow_free(labels_path);
  return rc;
}
