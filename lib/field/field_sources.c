/*
 * field_sources.c - the exact field of a set of rows that the object keeps.
 */
#include <string.h>

#include "field/points.h"
#include "pflow/field.h"
#include "pflow/tensor.h"

typedef struct source_field {
  float *rows;
  pflow_sources sources; /* over rows */
  pflow_pool *pool;
} source_field;

static void sources_destroy(void *self) {
  source_field *field = self;
  if (!field) return;
  pflow_free(field->rows);
  pflow_free(field);
}

static pflow_err sources_eval(const float *y, size_t n, float *e, void *work,
                              const void *self) {
  (void)work;
  const source_field *field = self;
  return pflow_poisson_direction(&field->sources, y, n, e, field->pool);
}

static pflow_err copy_sources(source_field **field, const pflow_sources *sources,
                              pflow_pool *pool) {
  size_t size;
  pf_try(pf_points_size(&size, sources->n, sources->dim, "field of sources"));
  pf_try(pflow_check_finite(sources->x, sources->n, sources->dim, "field of sources"));
  source_field *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  pflow_err rc = pf_alloc(&made->rows, size - sources->n, sizeof *made->rows);
  if (rc < 0) {
    sources_destroy(made);
    return rc;
  }
  memcpy(made->rows, sources->x, (size - sources->n) * sizeof *made->rows);
  made->sources = (pflow_sources){made->rows, sources->n, sources->dim};
  made->pool = pool;
  *field = made;
  return PFLOW_OK;
}

pflow_err pflow_field_create_sources(pflow_field **field, const pflow_sources *sources,
                                     pflow_pool *pool) {
  static const pflow_field_class class = {.struct_size = sizeof class,
                                          .kind = "sources",
                                          .eval = sources_eval,
                                          .destroy = sources_destroy};
  pf_need(field);
  *field = NULL;
  pf_need(sources);
  pf_need(sources->x);
  source_field *self;
  pf_try(copy_sources(&self, sources, pool));
  return pflow_field_create(field, sources->dim + 1, &class, self);
}
