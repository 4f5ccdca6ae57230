/*
 * field.c - field objects: a class, the thing it works on, and workspaces.
 */
#include <string.h>

#include "base/base.h"
#include "pflow/field.h"

struct pflow_field {
  size_t dim;
  pflow_field_class class;
  void *self;
};

struct pflow_field_work {
  const pflow_field *field;
  size_t max_rows;
  void *own; /* what the class's work_create made */
};

static pflow_err field_new(pflow_field **field, size_t dim,
                           const pflow_field_class *class, void *self) {
  pf_need(class->kind);
  pf_need(class->eval);
  if (dim < 2)
    return pf_fail(PFLOW_EINVAL, "field %s: augmented points have dim >= 2, got %zu",
                   class->kind, dim);
  pflow_field *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->dim = dim;
  made->class = *class;
  made->self = self;
  *field = made;
  return PFLOW_OK;
}

pflow_err pflow_field_create(pflow_field **field, size_t dim,
                             const pflow_field_class *field_class, void *self) {
  if (field) *field = NULL;
  pf_need(field_class);
  pflow_field_class class = {.struct_size = sizeof class};
  pf_try(pf_config_read(&class, sizeof class, field_class, "pflow_field_class"));
  pflow_err rc = field ? field_new(field, dim, &class, self)
                       : pf_fail(PFLOW_ENULL, "%s: field is NULL", __func__);
  if (rc < 0 && class.destroy) class.destroy(self);
  return rc;
}

void pflow_field_destroy(pflow_field *field) {
  if (!field) return;
  if (field->class.destroy) field->class.destroy(field->self);
  pflow_free(field);
}

size_t pflow_field_dim(const pflow_field *field) {
  return field ? field->dim : 0;
}

const char *pflow_field_kind(const pflow_field *field) {
  return field ? field->class.kind : NULL;
}

pflow_err pflow_field_work_create(pflow_field_work **work, const pflow_field *field,
                                  size_t max_rows) {
  pf_need(work);
  *work = NULL;
  pf_need(field);
  if (max_rows == 0)
    return pf_fail(PFLOW_EINVAL, "field %s: a workspace for 0 rows", field->class.kind);
  pflow_field_work *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->field = field;
  made->max_rows = max_rows;
  pflow_err rc = PFLOW_OK;
  if (field->class.work_create)
    rc = field->class.work_create(&made->own, max_rows, field->self);
  if (rc < 0) {
    pflow_free(made);
    return rc;
  }
  *work = made;
  return PFLOW_OK;
}

void pflow_field_work_destroy(pflow_field_work *work) {
  if (!work) return;
  if (work->field->class.work_destroy) work->field->class.work_destroy(work->own);
  pflow_free(work);
}

pflow_err pflow_field_eval(const pflow_field *field, pflow_field_work *work,
                           const float *y, size_t n, float *e) {
  pf_need(field);
  pf_need(work);
  pf_need(y);
  pf_need(e);
  if (work->field != field)
    return pf_fail(PFLOW_ESTATE, "field %s: the workspace is another field's (%s)",
                   field->class.kind, work->field->class.kind);
  if (n == 0) return pf_fail(PFLOW_EINVAL, "field %s: 0 rows", field->class.kind);
  if (n > work->max_rows)
    return pf_fail(PFLOW_ESHAPE, "field %s: %zu rows, the workspace holds %zu",
                   field->class.kind, n, work->max_rows);
  return field->class.eval(y, n, e, work->own, field->self);
}
