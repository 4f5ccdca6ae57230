#include "nn/layer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nn/net.h"

pflow_err pf_layer_setting(const pflow_net *net, const char *kind, bool ok,
                           const char *name, double value, const char *condition) {
  if (ok) return PFLOW_OK;
  char full[96];
  snprintf(full, sizeof full, "%s %zu: %s", kind, pflow_net_layers(net), name);
  return pf_check_setting(false, full, value, condition);
}

/* "a vector of 5" or "3 x 32 x 32". */
static void write_shape(char *text, size_t size, const pflow_shape *shape) {
  const size_t *dim = shape->dim;
  if (shape->ndim == 1) {
    snprintf(text, size, "a vector of %zu", dim[0]);
  } else {
    snprintf(text, size, "%zu x %zu x %zu", dim[0], dim[1], dim[2]);
  }
}

pflow_err pf_layer_shape_fail(const pflow_layer_plan *plan, const char *kind,
                              const char *format, ...) {
  char wants[128], got[80];
  va_list args;
  va_start(args, format);
  vsnprintf(wants, sizeof wants, format, args);
  va_end(args);
  write_shape(got, sizeof got, &plan->in);
  return pf_fail(PFLOW_ESHAPE, "%s %zu wants %s, got %s", kind, plan->index, wants, got);
}

pflow_err pf_layer_wants_image(const pflow_layer_plan *plan, const char *kind) {
  if (plan->in.ndim == 3) return PFLOW_OK;
  return pf_layer_shape_fail(plan, kind, "an image");
}

pflow_err pf_layer_wants_vector(const pflow_layer_plan *plan, const char *kind) {
  if (plan->in.ndim == 1) return PFLOW_OK;
  return pf_layer_shape_fail(plan, kind, "a vector");
}

void pf_layer_add_vector(pflow_layer_plan *plan, const char *name, pflow_param_kind kind,
                         size_t size, float start) {
  pflow_param_spec *spec = &plan->param[plan->n_params++];
  *spec = (pflow_param_spec){.kind = kind, .ndim = 1, .shape = {size}, .start = start};
  snprintf(spec->name, sizeof spec->name, "%s", name);
}

void pf_layer_add_attr(pflow_layer_info *info, const char *name, double value) {
  size_t i = info->n_attrs++;
  snprintf(info->attr[i].name, sizeof info->attr[i].name, "%s", name);
  info->attr[i].value = value;
}

pflow_err pf_layer_for_values(const pflow_layer_call *call, pflow_range_fn body) {
  pflow_layer_call user = *call;
  size_t values = call->rows * pf_shape_size(&call->in);
  return pflow_parallel_for(call->pool, values, pf_layer_grain, body, &user);
}

pflow_err pf_layer_for_rows(const pflow_layer_call *call, pflow_range_fn body) {
  pflow_layer_call user = *call;
  size_t grain = pf_layer_grain / pf_shape_size(&call->in) + 1;
  return pflow_parallel_for(call->pool, call->rows, grain, body, &user);
}
