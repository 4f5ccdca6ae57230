#include "map/doubles_io.h"

#include <math.h>

double pf_two_floats(double value) {
  const double high = (float)value;
  return high + (double)(float)(value - high);
}

static pflow_err count_of(const size_t *shape, size_t ndim, size_t *n) {
  *n = 1;
  for (size_t i = 1; i < ndim; i++)
    pf_try(pf_mul(n, *n, shape[i], "doubles of an array"));
  return PFLOW_OK;
}

pflow_err pf_put_doubles(pflow_archive *archive, const char *prefix, const char *name,
                         const double *values, const size_t *shape, size_t ndim) {
  char joined[pf_name_max + 1];
  float *halves;
  size_t n, both;
  pf_try(pf_join(joined, prefix, name));
  pf_try(count_of(shape, ndim, &n));
  pf_try(pf_mul(&both, n, 2, "doubles of an array"));
  pf_try(pf_alloc(&halves, both, sizeof *halves));
  for (size_t i = 0; i < n; i++) {
    halves[i] = (float)values[i];
    halves[n + i] = (float)(values[i] - halves[i]);
  }
  pflow_err rc = pflow_archive_put(archive, joined, halves, shape, ndim);
  pflow_free(halves);
  return rc;
}

/* The tensor of that name and shape. */
static pflow_err find(const pflow_archive *archive, const char *prefix, const char *name,
                      const size_t *shape, size_t ndim, const pflow_tensor **tensor) {
  char joined[pf_name_max + 1];
  pf_try(pf_join(joined, prefix, name));
  return pf_archive_get_shaped(archive, joined, shape, ndim, tensor);
}

pflow_err pf_check_doubles(const pflow_archive *archive, const char *prefix,
                           const char *name, const size_t *shape, size_t ndim) {
  const pflow_tensor *tensor;
  return find(archive, prefix, name, shape, ndim, &tensor);
}

pflow_err pf_get_doubles(const pflow_archive *archive, const char *prefix,
                         const char *name, double *values, const size_t *shape,
                         size_t ndim) {
  const pflow_tensor *tensor;
  size_t n;
  pf_try(find(archive, prefix, name, shape, ndim, &tensor));
  pf_try(count_of(shape, ndim, &n));
  const float *halves = pflow_tensor_const_values(tensor);
  for (size_t i = 0; i < n; i++) {
    values[i] = (double)halves[i] + halves[n + i];
    if (!isfinite(values[i]))
      return pf_fail(PFLOW_EFORMAT, "%s: value %zu of '%s%s' is %g", archive->source, i,
                     prefix, name, values[i]);
  }
  return PFLOW_OK;
}
