/*
 * fused.h - forward through linear, ReLU and SiLU layers, a panel of rows at a time
 * through all of them, so that activations never leave the cache.
 *
 * The weights are read where the network holds them: nothing is packed, nothing can be
 * out of date.
 */
#ifndef LIBPFLOW_FUSED_H
#define LIBPFLOW_FUSED_H

#include <stdatomic.h>
#include <stdbool.h>

#include "nn/net.h"

/* Room for two panels, for one thread at a time. */
typedef struct pf_fused_slot {
  atomic_bool taken;
  float *panel[2];
} pf_fused_slot;

struct pf_fused {
  size_t layers;    /* the first so many layers of the network can be run so */
  size_t slots;     /* one for each thread that may run at once, if a loop has */
  size_t most_rows; /* rows at most */
  float *block;
  pf_fused_slot slot[];
};

/*
 * The number of leading layers of a built network that can be run so: 0 unless they are
 * linear, ReLU and SiLU layers over vectors, at most as wide and as heavy as caches like.
 */
size_t pf_fused_layers(const pflow_net *net);

/* Whether that is all layers of a workspace's network. */
static inline bool pf_fused_whole(const pflow_net_work *work) {
  return work->fused && work->fused->layers == work->net->count;
}

/* Room for calls of up to max_rows rows through those layers, of which there are some;
 * *bytes is its size. */
pflow_err pf_fused_create(pf_fused **fused, const pflow_net *net, size_t max_rows,
                          size_t *bytes);
void pf_fused_destroy(pf_fused *fused);

/*
 * The first `layers` layers, at most fused->layers, over n rows: x (n x in) into y (n x
 * out), which may not overlap. A row's bits depend on nothing but the row.
 */
pflow_err pf_fused_predict(const pflow_net *net, pf_fused *fused, size_t layers,
                           const float *x, size_t n, float *y);

/*
 * The forward of training: all layers, which are all fused, over n <= max_rows rows. What
 * a layer gives goes to its slot of the workspace; the outputs of such layers, all needed
 * backward, share no memory but where a ReLU takes over that of a linear layer, for which
 * then nothing is written.
 */
pflow_err pf_fused_forward(const pflow_net_work *work, const float *x, size_t n);

#endif
