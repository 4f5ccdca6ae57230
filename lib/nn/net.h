/*
 * net.h - inside of networks and workspaces, shared by the files of lib/nn.
 */
#ifndef LIBPFLOW_NET_H
#define LIBPFLOW_NET_H

#include "base/base.h"
#include "pflow/nn.h"

typedef struct pf_layer {
  pflow_layer_class type;
  void *self;
  pflow_layer_plan plan; /* this and what follows: valid once the network is built */
  size_t in_size, out_size;
  bool absorbed; /* a ReLU that the layer before it takes over: not run by itself */
  /* Place and length of each array, in the parameter or in the state block by its kind.
   */
  size_t offset[PFLOW_LAYER_MAX_PARAMS], size[PFLOW_LAYER_MAX_PARAMS];
} pf_layer;

struct pflow_net {
  pflow_pool *pool;
  uint64_t seed;
  size_t scratch_bytes;
  pf_layer *layer;
  size_t count, capacity;
  bool built;
  float *params, *grads, *state;
  size_t param_size, state_size;
};

/* Where a layer's arrays lie in a workspace's block, in floats. */
typedef struct pf_slot {
  size_t y;         /* in prediction not of the last layer */
  size_t dx, saved; /* in training only; dx not of layer 0 */
  size_t forward_scratch, backward_scratch;
} pf_slot;

typedef struct pf_fused pf_fused;

struct pflow_net_work {
  const pflow_net *net;
  pf_fused *fused; /* NULL: no layer can be run so */
  size_t max_rows;
  pflow_mode mode;
  size_t waiting_rows; /* of the forward that waits for its backward; 0: none */
  const float *waiting_x;
  float *block;
  size_t bytes;
  pf_slot slot[];
};

/* Number of values of a shape that build has accepted. */
size_t pf_shape_size(const pflow_shape *shape);

/* First value of array `index` of a layer, in the parameters or the state. */
float *pf_layer_array(const pflow_net *net, const pf_layer *layer, size_t index);

bool pf_layer_array_is_state(const pf_layer *layer, size_t index);

/*
 * The result of a layer's own function: rc, with a sentence that names layer and function
 * when it is an error that came without one. `kept` is the message from before the call,
 * which is put back on success.
 */
pflow_err pf_layer_result(pflow_err rc, const pf_layer *layer, size_t index,
                          const char *function, const char *kept);

/*
 * *values: of all parameters and running statistics that build would make for rows of a
 * shape. Errors are build's.
 */
pflow_err pf_net_measure(pflow_net *net, const size_t *row_shape, size_t ndim,
                         size_t *values);

/* Sets the arrays of layers first <= i < end by a scheme. */
void pf_net_init_range(pflow_net *net, const pflow_init_config *config, size_t first,
                       size_t end);

#endif
