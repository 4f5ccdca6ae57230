#include "nn/fused.h"

#include "kernels/table.h"
#include "nn/layer.h"

enum {
  widest = 512,            /* values of a row: two panels then fit the second cache */
  heaviest = 1 << 19,      /* weights in all: they then fit it or the third */
  chunk_products = 1 << 20 /* multiplications that are worth a thread's while */
};

static bool is_fusible(const pf_layer *layer) {
  if (layer->plan.in.ndim != 1 || layer->in_size > widest || layer->out_size > widest)
    return false;
  return pf_layer_is_linear(&layer->type) || pf_layer_is_relu(&layer->type) ||
         pf_layer_is_silu(&layer->type);
}

static size_t weights_of(const pf_layer *layer) {
  return pf_layer_is_linear(&layer->type) ? layer->in_size * layer->out_size : 0;
}

size_t pf_fused_layers(const pflow_net *net) {
  size_t layers = 0, weights = 0;
  while (layers < net->count && is_fusible(&net->layer[layers])) {
    weights += weights_of(&net->layer[layers]);
    if (weights > heaviest) break;
    layers++;
  }
  return layers;
}

/* Values of the widest row that the layers read or write. */
static size_t widest_row(const pflow_net *net, size_t layers) {
  size_t width = net->layer[0].in_size;
  for (size_t i = 0; i < layers; i++)
    if (net->layer[i].out_size > width) width = net->layer[i].out_size;
  return width;
}

/* No more than can be in use at once: threads, or panels of the largest call. */
static size_t count_slots(const pflow_net *net, size_t max_rows) {
  const size_t rows = pf_kernels_get()->mlp.rows, threads = pflow_pool_threads(net->pool);
  const size_t panels = max_rows / rows + 1;
  return panels < threads ? panels : threads;
}

pflow_err pf_fused_create(pf_fused **fused, const pflow_net *net, size_t max_rows,
                          size_t *bytes) {
  const size_t layers = pf_fused_layers(net), slots = count_slots(net, max_rows);
  const size_t values = widest_row(net, layers) * pf_kernels_get()->mlp.rows;
  const size_t panel =
      (values * sizeof(float) / PFLOW_ALIGNMENT + 1) * (PFLOW_ALIGNMENT / sizeof(float));
  pf_fused *made;
  *fused = NULL;
  *bytes = sizeof *made + slots * (sizeof *made->slot + 2 * panel * sizeof(float));
  pf_try(pf_alloc(&made, 1, sizeof *made + slots * sizeof *made->slot));
  pflow_err rc = pf_alloc(&made->block, 2 * slots * panel, sizeof(float));
  if (rc < 0) {
    pf_fused_destroy(made);
    return rc;
  }
  made->layers = layers;
  made->slots = slots;
  made->most_rows = slots * pf_kernels_get()->mlp.rows;
  if (made->most_rows < max_rows) made->most_rows = max_rows;
  for (size_t i = 0; i < slots; i++) {
    atomic_init(&made->slot[i].taken, false);
    for (size_t p = 0; p < 2; p++)
      made->slot[i].panel[p] = made->block + (2 * i + p) * panel;
  }
  *fused = made;
  return PFLOW_OK;
}

void pf_fused_destroy(pf_fused *fused) {
  if (!fused) return;
  pflow_free(fused->block);
  pflow_free(fused);
}

/* One call. */
typedef struct prediction {
  const pflow_net *net;
  const pf_mlp_kernels *kernels;
  pf_fused *fused;
  size_t layers;
  const float *x;
  float *y; /* what the last layer gives */
  const pflow_net_work
      *work; /* what each layer gives goes to its slot; NULL: to y only */
} prediction;

/* A free slot. There is one: a loop has no more bodies at once than the pool threads, and
 * no more than the panels that slots were made for. */
static pf_fused_slot *take_slot(pf_fused *fused) {
  for (size_t i = 0;; i = (i + 1) % fused->slots)
    if (!atomic_exchange(&fused->slot[i].taken, true)) return &fused->slot[i];
}

static bool relu_follows(const prediction *self, size_t index) {
  return index + 1 < self->layers && pf_layer_is_relu(&self->net->layer[index + 1].type);
}

/* Layer `index` from panel[0], of n rows, to panel[0]; a ReLU behind it goes along. The
 * number of layers done. */
static size_t run_layer(const prediction *self, size_t index, size_t n, float *panel[2]) {
  const pf_layer *layer = &self->net->layer[index];
  const size_t size = layer->in_size * self->kernels->rows;
  if (pf_layer_is_linear(&layer->type)) {
    const pf_mlp_linear linear = {
        layer->in_size, layer->out_size, pf_layer_array(self->net, layer, 0),
        layer->plan.n_params > 1 ? pf_layer_array(self->net, layer, 1) : NULL,
        relu_follows(self, index)};
    float *x = panel[0];
    self->kernels->linear(&linear, n, x, panel[1]);
    panel[0] = panel[1];
    panel[1] = x;
    return linear.relu ? 2 : 1;
  }
  (pf_layer_is_relu(&layer->type) ? self->kernels->relu : self->kernels->silu)(size,
                                                                               panel[0]);
  return 1;
}

/* Where the output of a layer goes; NULL: nowhere. */
static float *output_of(const prediction *self, size_t index) {
  if (self->work) return self->work->block + self->work->slot[index].y;
  return index + 1 == self->layers ? self->y : NULL;
}

static void run_panel(const prediction *self, const pf_fused_slot *slot, size_t first,
                      size_t n) {
  const size_t in = self->net->layer[0].in_size;
  float *panel[2] = {slot->panel[0], slot->panel[1]};
  self->kernels->enter(n, in, self->x + first * in, panel[0]);
  for (size_t i = 0; i < self->layers;) {
    i += run_layer(self, i, n, panel);
    const size_t out = self->net->layer[i - 1].out_size;
    float *y = output_of(self, i - 1);
    if (y) self->kernels->leave(n, out, panel[0], y + first * out);
  }
}

static int run_rows(size_t begin, size_t end, void *user) {
  const prediction *self = user;
  pf_fused_slot *slot = take_slot(self->fused);
  for (size_t first = begin; first < end; first += self->kernels->rows) {
    const size_t left = end - first, rows = self->kernels->rows;
    run_panel(self, slot, first, left < rows ? left : rows);
  }
  atomic_store(&slot->taken, false);
  return 0;
}

/* Rows of a chunk, whole panels. */
static size_t chunk_rows(const prediction *self) {
  size_t products = 1;
  for (size_t i = 0; i < self->layers; i++)
    products += weights_of(&self->net->layer[i]);
  return (chunk_products / products / self->kernels->rows + 1) * self->kernels->rows;
}

pflow_err pf_fused_predict(const pflow_net *net, pf_fused *fused, size_t layers,
                           const float *x, size_t n, float *y) {
  const size_t in = net->layer[0].in_size, out = net->layer[layers - 1].out_size;
  prediction self = {net, &pf_kernels_get()->mlp, fused, layers, x, y, NULL};
  for (size_t left = n; left > 0;) {
    const size_t rows = left < fused->most_rows ? left : fused->most_rows;
    pf_try(pflow_parallel_for(net->pool, rows, chunk_rows(&self), run_rows, &self));
    self.x += rows * in;
    self.y += rows * out;
    left -= rows;
  }
  return PFLOW_OK;
}

pflow_err pf_fused_forward(const pflow_net_work *work, const float *x, size_t n) {
  const pflow_net *net = work->net;
  prediction self = {net, &pf_kernels_get()->mlp, work->fused, net->count, x, NULL, work};
  return pflow_parallel_for(net->pool, n, chunk_rows(&self), run_rows, &self);
}
