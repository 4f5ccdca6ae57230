#include "clusters.h"

#include <math.h>
#include <string.h>

#include "common/must.h"

static void normalize(float *row, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += (double)row[k] * row[k];
  for (size_t k = 0; k < dim; k++)
    row[k] = (float)(row[k] / sqrt(sum));
}

labelled clusters_make(size_t n, size_t dim, size_t classes) {
  labelled made = {must_alloc(n * dim, sizeof(float)), must_alloc(n, sizeof(int32_t)), n,
                   dim, classes};
  float *centers = must_alloc(classes * dim, sizeof *centers);
  pflow_rng rng;
  pflow_rng_init(&rng, 0, 0);
  pflow_rng_sphere(&rng, centers, classes, dim);
  pflow_rng_normal(&rng, made.x, n * dim, 0.0, 1.0);
  for (size_t i = 0; i < n; i++) {
    float *row = made.x + i * dim;
    const size_t label = (size_t)pflow_rng_below(&rng, classes);
    made.labels[i] = (int32_t)label;
    for (size_t k = 0; k < dim; k++)
      row[k] += 3.3f * centers[label * dim + k];
    normalize(row, dim);
  }
  pflow_free(centers);
  return made;
}

/* row = axes^T z + noise, noise being there already. */
static void embed(const float *z, const float *axes, size_t intrinsic, float *row,
                  size_t dim) {
  for (size_t j = 0; j < intrinsic; j++)
    for (size_t k = 0; k < dim; k++)
      row[k] += z[j] * axes[j * dim + k];
}

labelled clusters_make_flat(size_t n, size_t dim, size_t classes, size_t intrinsic) {
  labelled made = {must_alloc(n * dim, sizeof(float)), must_alloc(n, sizeof(int32_t)), n,
                   dim, classes};
  float *centers = must_alloc(classes * intrinsic, sizeof *centers),
        *axes = must_alloc(intrinsic * dim, sizeof *axes),
        *z = must_alloc(intrinsic, sizeof *z);
  pflow_rng rng;
  pflow_rng_init(&rng, 0, 1);
  pflow_rng_normal(&rng, centers, classes * intrinsic, 0.0, 1.5);
  pflow_rng_sphere(&rng, axes, intrinsic, dim);
  pflow_rng_normal(&rng, made.x, n * dim, 0.0, 0.01);
  for (size_t i = 0; i < n; i++) {
    const size_t label = (size_t)pflow_rng_below(&rng, classes);
    made.labels[i] = (int32_t)label;
    pflow_rng_normal(&rng, z, intrinsic, 0.0, 1.0);
    for (size_t j = 0; j < intrinsic; j++)
      z[j] += centers[label * intrinsic + j];
    embed(z, axes, intrinsic, made.x + i * dim, dim);
  }
  pflow_free(z);
  pflow_free(axes);
  pflow_free(centers);
  return made;
}

labelled clusters_load(const char *x, const char *labels) {
  labelled loaded = {0};
  pflow_tensor *rows;
  size_t n;
  must(pflow_npy_load(&rows, x));
  must(pflow_npy_load_labels(&loaded.labels, &n, labels));
  loaded.n = pflow_tensor_dim(rows, 0);
  loaded.dim = pflow_tensor_size(rows) / loaded.n;
  if (n != loaded.n) fail("%s: %zu labels for %zu rows", labels, n, loaded.n);
  loaded.x = must_alloc(loaded.n * loaded.dim, sizeof(float));
  memcpy(loaded.x, pflow_tensor_const_values(rows),
         loaded.n * loaded.dim * sizeof(float));
  for (size_t i = 0; i < n; i++)
    if ((size_t)loaded.labels[i] >= loaded.classes)
      loaded.classes = (size_t)loaded.labels[i] + 1;
  pflow_tensor_destroy(rows);
  return loaded;
}

void clusters_free(labelled *self) {
  pflow_free(self->labels);
  pflow_free(self->x);
}
