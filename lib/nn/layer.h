/*
 * layer.h - what the built-in layers share: messages, descriptions, loops over values.
 */
#ifndef LIBPFLOW_LAYER_H
#define LIBPFLOW_LAYER_H

#include <stddef.h>

#include "base/base.h"
#include "pflow/nn.h"

/* Values, or their rows, that a chunk of a parallel loop handles at least. */
enum { pf_layer_grain = 16384 };

/*
 * PFLOW_EINVAL "KIND INDEX: NAME is VALUE, wants CONDITION" unless ok; INDEX is the place
 * of the layer that is about to be appended to net.
 */
pflow_err pf_layer_setting(const pflow_net *net, const char *kind, bool ok,
                           const char *name, double value, const char *condition);

/* PFLOW_ESHAPE "KIND INDEX wants FORMAT..., got SHAPE". */
pflow_err pf_layer_shape_fail(const pflow_layer_plan *plan, const char *kind,
                              const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same unless a row is an image (ndim 3) or a vector (ndim 1). */
pflow_err pf_layer_wants_image(const pflow_layer_plan *plan, const char *kind);
pflow_err pf_layer_wants_vector(const pflow_layer_plan *plan, const char *kind);

/* Appends an array of one dimension to a plan. */
void pf_layer_add_vector(pflow_layer_plan *plan, const char *name, pflow_param_kind kind,
                         size_t size, float start);

/* Appends an attribute to a description. */
void pf_layer_add_attr(pflow_layer_info *info, const char *name, double value);

/* Whether a layer is the library's of that kind. */
bool pf_layer_is_linear(const pflow_layer_class *type);
bool pf_layer_is_relu(const pflow_layer_class *type);
bool pf_layer_is_silu(const pflow_layer_class *type);

/* Runs body over all input values of a call, or over its rows; user is the call. */
pflow_err pf_layer_for_values(const pflow_layer_call *call, pflow_range_fn body);
pflow_err pf_layer_for_rows(const pflow_layer_call *call, pflow_range_fn body);

#endif
