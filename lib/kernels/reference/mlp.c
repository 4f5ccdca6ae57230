/*
 * mlp.c - layers on a panel of rows in plain C.
 */
#include "kernels/mlp_kernels.h"

#include <math.h>

enum { panel_rows = 16 };

static void enter(size_t n, size_t dim, const float *values, float *panel) {
  for (size_t f = 0; f < dim; f++)
    for (size_t i = 0; i < panel_rows; i++)
      panel[f * panel_rows + i] = i < n ? values[i * dim + f] : 0.0f;
}

static void leave(size_t n, size_t dim, const float *panel, float *values) {
  for (size_t i = 0; i < n; i++)
    for (size_t f = 0; f < dim; f++)
      values[i * dim + f] = panel[f * panel_rows + i];
}

static void relu(size_t size, float *values) {
  for (size_t i = 0; i < size; i++)
    values[i] = values[i] < 0.0f ? 0.0f : values[i];
}

static void silu(size_t size, float *values) {
  for (size_t i = 0; i < size; i++)
    values[i] /= 1.0f + expf(-values[i]);
}

static void silu_slopes(size_t size, const float *x, const float *dy, float *dx) {
  for (size_t i = 0; i < size; i++) {
    const float s = 1.0f / (1.0f + expf(-x[i]));
    dx[i] = dy[i] * (s * (1.0f + x[i] * (1.0f - s)));
  }
}

static void linear(const pf_mlp_linear *layer, size_t n, const float *x, float *y) {
  (void)n; /* all lanes, whose number the compiler knows */
  for (size_t o = 0; o < layer->out; o++) {
    float sum[panel_rows];
    for (size_t i = 0; i < panel_rows; i++)
      sum[i] = layer->bias ? layer->bias[o] : 0.0f;
    for (size_t k = 0; k < layer->in; k++)
      for (size_t i = 0; i < panel_rows; i++)
        sum[i] += layer->weight[o * layer->in + k] * x[k * panel_rows + i];
    for (size_t i = 0; i < panel_rows; i++)
      y[o * panel_rows + i] = sum[i];
  }
  if (layer->relu) relu(layer->out * panel_rows, y);
}

void pf_fill_mlp_reference(pf_mlp_kernels *to);
void pf_fill_mlp_reference(pf_mlp_kernels *to) {
  *to = (pf_mlp_kernels){panel_rows, enter, leave, linear, relu, silu, silu_slopes};
}
