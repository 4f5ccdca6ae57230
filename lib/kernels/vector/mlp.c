/*
 * mlp.c - a tile of outputs x two vectors of rows in registers; a weight is read where it
 * lies and spread over the lanes.
 */
#include "kernels/mlp_kernels.h"

#include "kernels/vector/vector.h"

/* As many sums as the registers hold beside two vectors of inputs and one weight. */
#if pf_lanes == 8
enum { tile_outputs = 6 };
#else
enum { tile_outputs = 12 };
#endif
enum { panel_rows = 2 * pf_lanes };

/* Values below 0 become 0; -0 and NaN stay. */
pf_always_inline vf positive(vf value) {
  return (vf)((vi)value & ~(vi)(value < (vf){0.0f}));
}

/* m outputs from `first` on for `parts` vectors of rows, m and parts constants. */
pf_always_inline void fixed_tile(size_t m, size_t parts, const pf_mlp_linear *layer,
                                 size_t first, const float *x, float *y) {
  const size_t in = layer->in;
  const float *weight = layer->weight + first * in;
  vf sum[tile_outputs][2];
  pf_each (i, m) {
    const vf start = vf_set(layer->bias ? layer->bias[first + i] : 0.0f);
    pf_each (p, parts)
      sum[i][p] = start;
  }
  for (size_t k = 0; k < in; k++) {
    vf value[2];
    pf_each (p, parts)
      value[p] = vf_load(x + k * panel_rows + p * pf_lanes);
    pf_each (i, m) {
      pf_each (p, parts)
        sum[i][p] += weight[i * in + k] * value[p];
    }
  }
  y += first * panel_rows;
  pf_each (i, m) {
    pf_each (p, parts)
      vf_store(y + i * panel_rows + p * pf_lanes,
               layer->relu ? positive(sum[i][p]) : sum[i][p]);
  }
}

/* A tile of m outputs: one or two vectors of rows. */
#define define_tile(outputs)                                                             \
  static void tile_##outputs(const pf_mlp_linear *layer, size_t first, size_t n,         \
                             const float *x, float *y) {                                 \
    if (n > pf_lanes)                                                                    \
      fixed_tile(outputs, 2, layer, first, x, y);                                        \
    else                                                                                 \
      fixed_tile(outputs, 1, layer, first, x, y);                                        \
  }
/* clang-format off */
define_tile(1) define_tile(2) define_tile(3) define_tile(4) define_tile(5) define_tile(6)
#if pf_lanes != 8
define_tile(7) define_tile(8) define_tile(9) define_tile(10) define_tile(11)
define_tile(12)
#endif
    /* clang-format on */

    typedef void (*tile_of_outputs)(const pf_mlp_linear *layer, size_t first, size_t n,
                                    const float *x, float *y);

static const tile_of_outputs tiles[tile_outputs] = {
    tile_1, tile_2, tile_3, tile_4,  tile_5,  tile_6,
#if pf_lanes != 8
    tile_7, tile_8, tile_9, tile_10, tile_11, tile_12,
#endif
};

static void linear(const pf_mlp_linear *layer, size_t n, const float *x, float *y) {
  for (size_t first = 0; first < layer->out; first += tile_outputs) {
    const size_t left = layer->out - first;
    tiles[(left < tile_outputs ? left : tile_outputs) - 1](layer, first, n, x, y);
  }
}

/* Rows of pf_lanes values, `stride` apart, as columns `to_stride` apart. */
pf_always_inline void turn(const float *from, size_t stride, float *to,
                           size_t to_stride) {
  vf row[pf_lanes];
  pf_each (i, pf_lanes)
    row[i] = vf_load(from + i * stride);
  vf_transpose(row);
  pf_each (i, pf_lanes)
    vf_store(to + i * to_stride, row[i]);
}

static void enter(size_t n, size_t dim, const float *values, float *panel) {
  const size_t whole = dim - dim % pf_lanes;
  for (size_t r = 0; r < panel_rows; r += pf_lanes) {
    const bool full = r + pf_lanes <= n;
    for (size_t f = 0; full && f < whole; f += pf_lanes)
      turn(values + r * dim + f, dim, panel + f * panel_rows + r, panel_rows);
    for (size_t f = full ? whole : 0; f < dim; f++)
      for (size_t i = r; i < r + pf_lanes; i++)
        panel[f * panel_rows + i] = i < n ? values[i * dim + f] : 0.0f;
  }
}

static void leave(size_t n, size_t dim, const float *panel, float *values) {
  const size_t whole = dim - dim % pf_lanes;
  for (size_t r = 0; r < n; r += pf_lanes) {
    const bool full = r + pf_lanes <= n;
    const size_t end = full ? r + pf_lanes : n;
    for (size_t f = 0; full && f < whole; f += pf_lanes)
      turn(panel + f * panel_rows + r, panel_rows, values + r * dim + f, dim);
    for (size_t i = r; i < end; i++)
      for (size_t f = full ? whole : 0; f < dim; f++)
        values[i * dim + f] = panel[f * panel_rows + i];
  }
}

/* ---- functions of one value ---- */

/*
 * e^x for |x| <= 87: with k = round(x / ln 2) and r = x - k ln 2 (ln 2 in two parts), it
 * is 2^k times the Taylor sum of e^r.
 */
pf_always_inline vf exp_held(vf x) {
  const float rounder = 12582912.0f; /* 1.5 * 2^23: adding it leaves k in the low bits */
  const vf shifted = x * 1.44269504f + rounder;
  const vf k = shifted - rounder;
  const vf r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
  vf sum = r * (1.0f / 5040.0f) + 1.0f / 720.0f;
  sum = sum * r + 1.0f / 120.0f;
  sum = sum * r + 1.0f / 24.0f;
  sum = sum * r + 1.0f / 6.0f;
  sum = sum * r + 0.5f;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  const vi exponent = (vi)shifted - (vi)vf_set(rounder) + 127;
  return sum * (vf)(exponent << 23);
}

/* x held within +-87 by its bits; NaN becomes +-87. */
pf_always_inline vf hold(vf x) {
  const vi largest = (vi)vf_set(87.0f), magnitude = (vi)x & INT32_MAX;
  const vi below = (vi)(magnitude < largest);
  return (vf)((magnitude & below) | (largest & ~below) | ((vi)x & INT32_MIN));
}

pf_always_inline vf sigmoid(vf x) {
  return 1.0f / (1.0f + exp_held(-hold(x)));
}

/* Below -87 the sigmoid falls no further, so x may not either. */
pf_always_inline vf not_below(vf x) {
  return vf_choose(x < -87.0f, vf_set(-87.0f), x);
}

pf_always_inline vf silu_of(vf x) {
  return not_below(x) * sigmoid(x);
}

pf_always_inline vf silu_slope(vf given, vf dy) {
  const vf x = not_below(given), s = sigmoid(x);
  return dy * (s * (1.0f + x * (1.0f - s)));
}

/* values = function(values), the last ones by a vector that is filled up with 0. */
#define define_map(name, function)                                                       \
  static void name(size_t size, float *values) {                                         \
    size_t i = 0;                                                                        \
    for (; i + pf_lanes <= size; i += pf_lanes)                                          \
      vf_store(values + i, function(vf_load(values + i)));                               \
    if (i == size) return;                                                               \
    const vf last = vf_load_part(values + i, size - i);                                  \
    vf_store_part(values + i, function(last), size - i);                                 \
  }
define_map(relu, positive) define_map(silu, silu_of)

    static void silu_slopes(size_t size, const float *x, const float *dy, float *dx) {
  size_t i = 0;
  for (; i + pf_lanes <= size; i += pf_lanes)
    vf_store(dx + i, silu_slope(vf_load(x + i), vf_load(dy + i)));
  if (i == size) return;
  const vf last = vf_load_part(x + i, size - i), by = vf_load_part(dy + i, size - i);
  vf_store_part(dx + i, silu_slope(last, by), size - i);
}

void pf_fill(mlp)(pf_mlp_kernels *to);
void pf_fill(mlp)(pf_mlp_kernels *to) {
  *to = (pf_mlp_kernels){panel_rows, enter, leave, linear, relu, silu, silu_slopes};
}
