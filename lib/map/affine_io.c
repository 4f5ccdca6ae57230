/*
 * affine_io.c - an affine transform in an archive. A number is a sum of two floats: a
 * tensor's first half holds the high parts, the second the low ones.
 */
#include <math.h>
#include <stdbool.h>

#include "io/description.h"
#include "map/affine.h"
#include "map/doubles_io.h"

static const char format[] = "pflow.affine";

/* The values of a matrix in rows, as a block of the caller's. */
static pflow_err rows_of(const pf_affine_matrix *matrix, double **values, size_t *n) {
  pf_try(pf_mul(n, matrix->out, matrix->in, "values of a transform"));
  pf_try(pf_alloc(values, *n, sizeof **values));
  for (size_t i = 0; i < *n; i++)
    (*values)[i] = *pf_affine_entry(matrix, i / matrix->in, i % matrix->in);
  return PFLOW_OK;
}

static pflow_err put_matrix(pflow_archive *archive, const char *prefix, const char *name,
                            const pf_affine_matrix *matrix) {
  if (!matrix->panels) return PFLOW_OK;
  double *values;
  size_t n;
  pf_try(rows_of(matrix, &values, &n));
  const size_t shape[] = {2, matrix->out, matrix->in};
  pflow_err rc = pf_put_doubles(archive, prefix, name, values, shape, 3);
  pflow_free(values);
  return rc;
}

static pflow_err get_matrix(const pflow_archive *archive, const char *prefix,
                            const char *name, pf_affine_matrix *matrix) {
  if (!matrix->panels) return PFLOW_OK;
  double *values;
  size_t n;
  pf_try(rows_of(matrix, &values, &n));
  const size_t shape[] = {2, matrix->out, matrix->in};
  pflow_err rc = pf_get_doubles(archive, prefix, name, values, shape, 3);
  for (size_t i = 0; rc >= 0 && i < n; i++)
    *pf_affine_entry(matrix, i / matrix->in, i % matrix->in) = values[i];
  pflow_free(values);
  return rc;
}

static pflow_err put_deviations(pflow_archive *archive, const char *prefix,
                                const pflow_affine *affine) {
  const size_t shape[] = {2, affine->in};
  double *deviations;
  pf_try(pf_alloc(&deviations, affine->in, sizeof *deviations));
  for (size_t i = 0; i < affine->in; i++)
    deviations[i] = sqrt(affine->variances[i]);
  pflow_err rc = pf_put_doubles(archive, prefix, "deviations", deviations, shape, 2);
  pflow_free(deviations);
  return rc;
}

static pflow_err get_deviations(const pflow_archive *archive, const char *prefix,
                                pflow_affine *affine) {
  const size_t shape[] = {2, affine->in};
  pf_try(pf_get_doubles(archive, prefix, "deviations", affine->variances, shape, 2));
  for (size_t i = 0; i < affine->in; i++)
    affine->variances[i] = pf_affine_variance(affine->variances[i]);
  return PFLOW_OK;
}

static pflow_err put_all(pflow_archive *archive, const char *prefix,
                         const pflow_affine *affine) {
  const size_t shape[] = {2, affine->in};
  json_t *document =
      json_pack("{s:i, s:I, s:I}", "kind", (int)affine->kind, "in_dim",
                (json_int_t)affine->in, "out_dim", (json_int_t)affine->out);
  pf_try(pf_describe(archive, prefix, format, document));
  pf_try(pf_put_doubles(archive, prefix, "mean", affine->mean, shape, 2));
  if (affine->variances) pf_try(put_deviations(archive, prefix, affine));
  pf_try(put_matrix(archive, prefix, "matrix", &affine->there));
  return put_matrix(archive, prefix, "inverse", &affine->back);
}

pflow_err pflow_affine_put(pflow_archive *archive, const char *prefix,
                           const pflow_affine *affine) {
  pf_need(archive);
  pf_need(prefix);
  pf_need(affine);
  const pf_mark mark = pf_archive_mark(archive);
  return pf_archive_settle(archive, mark, put_all(archive, prefix, affine));
}

static pflow_err get_values(const pflow_archive *archive, const char *prefix,
                            pflow_affine *affine) {
  const size_t shape[] = {2, affine->in};
  pf_try(pf_get_doubles(archive, prefix, "mean", affine->mean, shape, 2));
  if (affine->variances) pf_try(get_deviations(archive, prefix, affine));
  pf_try(get_matrix(archive, prefix, "matrix", &affine->there));
  return get_matrix(archive, prefix, "inverse", &affine->back);
}

/* The description's numbers, with sizes that the archive's own arrays bear out. */
static pflow_err read_sizes(const pflow_archive *archive, const char *prefix,
                            size_t *kind, size_t *in, size_t *out) {
  json_t *document;
  pf_try(pf_described(&document, archive, prefix, format));
  pflow_err rc = pf_json_size(kind, document, "kind", archive->source);
  if (rc >= 0) rc = pf_json_size(in, document, "in_dim", archive->source);
  if (rc >= 0) rc = pf_json_size(out, document, "out_dim", archive->source);
  json_decref(document);
  pf_try(rc);
  if (*kind > PFLOW_AFFINE_ALL_BUT_TOP)
    return pf_fail(PFLOW_EFORMAT, "%s: a transform of kind %zu, at most %d",
                   archive->source, *kind, PFLOW_AFFINE_ALL_BUT_TOP);
  const bool principal = *kind == PFLOW_AFFINE_PCA || *kind == PFLOW_AFFINE_PCA_WHITEN;
  if (*in == 0 || *out == 0 || *out > *in || (*out != *in && !principal))
    return pf_fail(PFLOW_EFORMAT, "%s: a transform of %zu values to %zu", archive->source,
                   *in, *out);
  const size_t mean[] = {2, *in}, matrix[] = {2, *out, *in};
  pf_try(pf_check_doubles(archive, prefix, "mean", mean, 2));
  if (!pf_affine_has_matrix((pflow_affine_kind)*kind)) return PFLOW_OK;
  return pf_check_doubles(archive, prefix, "matrix", matrix, 3);
}

pflow_err pflow_affine_get(const pflow_archive *archive, const char *prefix,
                           pflow_affine **affine, pflow_pool *pool) {
  pf_need(affine);
  *affine = NULL;
  pf_need(archive);
  pf_need(prefix);
  size_t kind, in, out;
  pflow_affine *made;
  pf_try(read_sizes(archive, prefix, &kind, &in, &out));
  pf_try(pf_affine_new(&made, (pflow_affine_kind)kind, in, out));
  made->pool = pool;
  pflow_err rc = get_values(archive, prefix, made);
  if (rc < 0) {
    pflow_affine_destroy(made);
    return rc;
  }
  *affine = made;
  return PFLOW_OK;
}
