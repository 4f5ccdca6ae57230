/*
 * norm.c - batch normalisation by vectors along places (images) or along channels
 * (vectors, whose places are 1).
 *
 * What is left of a run behind its last whole vector is taken by a vector that ends with
 * the run and so overlaps the one before: sums leave the lanes out that came already, and
 * writers read it before they write anything.
 */
#include "kernels/norm_kernels.h"

#include "kernels/vector/vector.h"

enum {
  fans = 4,      /* sums side by side */
  short_sum = 16 /* additions in float before a double takes over */
};

typedef enum pass { of_values, of_squares, of_slopes } pass;

/* What a pass reads: dy and affine of slopes, mean of squares. */
typedef struct source {
  const float *x, *dy;
} source;

/* Coefficients of one vector of values. */
typedef struct coefficients {
  vf mean, scale, shift, a, b;
} coefficients;

typedef struct terms {
  vf first, second;
} terms;

pf_always_inline vf keep(vi mask, vf value) {
  return (vf)((vi)value & mask);
}

/* dy, or 0 where a ReLU behind the layer passes nothing. */
pf_always_inline vf slope_of(vf x, vf dy, const coefficients *c, bool rectify) {
  if (!rectify) return dy;
  const vf y = (x - c->mean) * c->scale + c->shift;
  return keep(~(y <= 0.0f), dy);
}

pf_always_inline terms terms_of(pass kind, vf x, vf dy, const coefficients *c,
                                bool rectify) {
  if (kind == of_values) return (terms){x, x};
  const vf gap = x - c->mean;
  if (kind == of_squares) return (terms){gap * gap, gap};
  const vf slope = slope_of(x, dy, c, rectify);
  return (terms){slope, slope * gap};
}

pf_always_inline vf load(const float *from, size_t n) {
  return n < pf_lanes ? vf_load_part(from, n) : vf_load(from);
}

/* What lies at a place of an array; zeros where there is no array. */
pf_always_inline vf load_at(const float *from, size_t at, size_t n) {
  return from ? load(from + at, n) : (vf){0.0f};
}

/* ---- sums along places ---- */

/* Sums of one channel. */
typedef struct sums_of_channel {
  vf first[fans], second[fans];
  size_t additions; /* to one of them at most */
  double total_first[pf_lanes], total_second[pf_lanes];
} channel_sums;

pf_always_inline void add_lanes(double *total, vf value) {
  float lane[pf_lanes];
  vf_store(lane, value);
  for (size_t i = 0; i < pf_lanes; i++)
    total[i] += (double)lane[i];
}

pf_always_inline void settle(pass kind, channel_sums *s) {
  add_lanes(s->total_first, (s->first[0] + s->first[1]) + (s->first[2] + s->first[3]));
  if (kind == of_slopes)
    add_lanes(s->total_second,
              (s->second[0] + s->second[1]) + (s->second[2] + s->second[3]));
  pf_each (f, fans)
    s->first[f] = s->second[f] = (vf){0.0f};
  s->additions = 0;
}

/* Lanes of the vector that ends a run of n values which are not in a whole one before. */
pf_always_inline vi new_lanes(size_t n) {
  vi lane;
  for (int i = 0; i < pf_lanes; i++)
    lane[i] = i;
  const int rest = (int)(n % pf_lanes);
  return n < pf_lanes ? lane < rest : lane >= pf_lanes - rest;
}

/* n values from a place on, n > 0, into one of the sums; only masked lanes count. */
pf_always_inline void add_vector(pass kind, bool rectify, source from, size_t at,
                                 size_t n, const coefficients *c, vi mask,
                                 channel_sums *s, size_t fan) {
  const vf dy = kind == of_slopes ? load(from.dy + at, n) : (vf){0.0f};
  const terms t = terms_of(kind, load(from.x + at, n), dy, c, rectify);
  s->first[fan] += keep(mask, t.first);
  if (kind == of_slopes) s->second[fan] += keep(mask, t.second);
}

/* One run of n values into the sums. */
pf_always_inline void add_run(pass kind, bool rectify, source from, size_t n,
                              const coefficients *c, vi ending, channel_sums *s) {
  const vi all = ~(vi){0};
  size_t i = 0;
  for (; i + fans * pf_lanes <= n; i += fans * pf_lanes) {
    pf_each (f, fans)
      add_vector(kind, rectify, from, i + f * pf_lanes, pf_lanes, c, all, s, f);
    if (++s->additions >= short_sum) settle(kind, s);
  }
  if (i == n) return;
  pf_unroll for (size_t f = 0; f + 1 < fans; f++, i += pf_lanes) if (i + pf_lanes <= n)
      add_vector(kind, rectify, from, i, pf_lanes, c, all, s, f);
  if (n % pf_lanes != 0)
    add_vector(kind, rectify, from, n < pf_lanes ? 0 : n - pf_lanes, n, c, ending, s,
               fans - 1);
  if (++s->additions >= short_sum) settle(kind, s);
}

pf_always_inline double total_of(const double *lane) {
  double sum = 0.0;
  for (size_t i = 0; i < pf_lanes; i++)
    sum += lane[i];
  return sum;
}

/* Value of a channel as a vector; where there is none, 0. */
pf_always_inline vf spread(const float *values, size_t channel) {
  return values ? vf_set(values[channel]) : (vf){0.0f};
}

pf_always_inline void sum_places(pass kind, const pf_norm_block *block,
                                 const pf_norm_affine *affine, source from, double *first,
                                 double *second) {
  const vi ending = new_lanes(block->places);
  for (size_t k = 0; k < block->channels; k++) {
    const coefficients c = {.mean = spread(affine->mean, k),
                            .scale = spread(affine->scale, k),
                            .shift = spread(affine->shift, k)};
    channel_sums s = {.additions = 0};
    for (size_t row = 0; row < block->rows; row++) {
      const size_t at = row * block->stride + k * block->places;
      const source run = {from.x + at, from.dy ? from.dy + at : NULL};
      add_run(kind, affine->rectify, run, block->places, &c, ending, &s);
    }
    settle(kind, &s);
    first[k] = total_of(s.total_first);
    if (kind == of_slopes) second[k] = total_of(s.total_second);
  }
}

/* ---- sums along rows, of channels of one place ---- */

/* Coefficients of the channels that begin at k; n of them are there. */
pf_always_inline coefficients column_of(const pf_norm_affine *affine, const float *a,
                                        const float *b, size_t k, size_t n) {
  return (coefficients){.mean = load_at(affine->mean, k, n),
                        .scale = load_at(affine->scale, k, n),
                        .shift = load_at(affine->shift, k, n),
                        .a = load_at(a, k, n),
                        .b = load_at(b, k, n)};
}

/* Sums of the channels of one vector that begins at k; n of them are there. */
pf_always_inline void sum_column(pass kind, const pf_norm_block *block,
                                 const pf_norm_affine *affine, source from, size_t k,
                                 size_t n, double *first, double *second) {
  const coefficients c = column_of(affine, NULL, NULL, k, n);
  double total_first[pf_lanes] = {0.0}, total_second[pf_lanes] = {0.0};
  for (size_t begin = 0; begin < block->rows; begin += short_sum) {
    const size_t left = block->rows - begin, rows = left < short_sum ? left : short_sum;
    terms sum = {{0.0f}, {0.0f}};
    for (size_t row = begin; row < begin + rows; row++) {
      const size_t at = row * block->stride + k;
      const vf dy = load_at(from.dy, at, n);
      const terms t = terms_of(kind, load(from.x + at, n), dy, &c, affine->rectify);
      sum.first += t.first;
      sum.second += t.second;
    }
    add_lanes(total_first, sum.first);
    if (kind == of_slopes) add_lanes(total_second, sum.second);
  }
  memcpy(first + k, total_first, (n < pf_lanes ? n : pf_lanes) * sizeof *first);
  if (kind == of_slopes)
    memcpy(second + k, total_second, (n < pf_lanes ? n : pf_lanes) * sizeof *second);
}

pf_always_inline void sum_rows(pass kind, const pf_norm_block *block,
                               const pf_norm_affine *affine, source from, double *first,
                               double *second) {
  const size_t n = block->channels;
  for (size_t k = 0; k + pf_lanes <= n; k += pf_lanes)
    sum_column(kind, block, affine, from, k, pf_lanes, first, second);
  if (n < pf_lanes)
    sum_column(kind, block, affine, from, 0, n, first, second);
  else if (n % pf_lanes != 0)
    sum_column(kind, block, affine, from, n - pf_lanes, pf_lanes, first, second);
}

pf_always_inline void sum(pass kind, const pf_norm_block *block,
                          const pf_norm_affine *affine, source from, double *first,
                          double *second) {
  if (block->places > 1)
    sum_places(kind, block, affine, from, first, second);
  else
    sum_rows(kind, block, affine, from, first, second);
}

static void sums(const pf_norm_block *block, const float *x, double *total) {
  sum(of_values, block, &(pf_norm_affine){NULL, NULL, NULL, false}, (source){x, NULL},
      total, NULL);
}

static void squares(const pf_norm_block *block, const float *x, const float *mean,
                    double *total) {
  sum(of_squares, block, &(pf_norm_affine){mean, NULL, NULL, false}, (source){x, NULL},
      total, NULL);
}

static void slopes(const pf_norm_block *block, const pf_norm_affine *affine,
                   const float *x, const float *dy, double *total, double *product) {
  if (affine->rectify) {
    const pf_norm_affine rectified = {affine->mean, affine->scale, affine->shift, true};
    sum(of_slopes, block, &rectified, (source){x, dy}, total, product);
  } else {
    const pf_norm_affine plain = {affine->mean, affine->scale, affine->shift, false};
    sum(of_slopes, block, &plain, (source){x, dy}, total, product);
  }
}

/* ---- passes that write ---- */

pf_always_inline vf y_of(vf x, const coefficients *c, bool rectify) {
  const vf y = (x - c->mean) * c->scale + c->shift;
  return rectify ? keep(~(y < 0.0f), y) : y;
}

pf_always_inline vf dx_of(vf x, vf dy, const coefficients *c, bool rectify) {
  const vf gap = x - c->mean;
  return c->scale * (slope_of(x, dy, c, rectify) - c->a - gap * c->b);
}

pf_always_inline vf out_of(bool backward, vf x, vf dy, const coefficients *c,
                           bool rectify) {
  return backward ? dx_of(x, dy, c, rectify) : y_of(x, c, rectify);
}

/* One run of n values, with the same coefficients for all of them or with their own. */
pf_always_inline void write_run(bool backward, bool rectify, source from, size_t n,
                                const coefficients *all, const pf_norm_affine *affine,
                                const float *a, const float *b, float *to) {
  const size_t end = n < pf_lanes ? 0 : n - pf_lanes;
  const vf last_x = load(from.x + end, n), last_dy = load_at(from.dy, end, n);
  for (size_t i = 0; i + pf_lanes <= n; i += pf_lanes) {
    const coefficients c = all ? *all : column_of(affine, a, b, i, pf_lanes);
    const vf dy = load_at(from.dy, i, pf_lanes);
    vf_store(to + i, out_of(backward, vf_load(from.x + i), dy, &c, rectify));
  }
  if (n % pf_lanes == 0) return;
  const coefficients c = all ? *all : column_of(affine, a, b, end, n);
  const vf last = out_of(backward, last_x, last_dy, &c, rectify);
  if (n < pf_lanes)
    vf_store_part(to, last, n);
  else
    vf_store(to + end, last);
}

pf_always_inline void write_all(bool backward, bool rectify, const pf_norm_block *block,
                                const pf_norm_affine *affine, const float *a,
                                const float *b, source from, float *to) {
  const bool by_place = block->places > 1;
  const size_t runs = by_place ? block->channels : 1;
  const size_t n = by_place ? block->places : block->channels;
  for (size_t k = 0; k < runs; k++) {
    const coefficients c = {.mean = spread(affine->mean, k),
                            .scale = spread(affine->scale, k),
                            .shift = spread(affine->shift, k),
                            .a = spread(a, k),
                            .b = spread(b, k)};
    for (size_t row = 0; row < block->rows; row++) {
      const size_t at = row * block->stride + k * n;
      const source run = {from.x + at, from.dy ? from.dy + at : NULL};
      if (by_place)
        write_run(backward, rectify, run, n, &c, affine, a, b, to + at);
      else
        write_run(backward, rectify, run, n, NULL, affine, a, b, to + at);
    }
  }
}

static void forward(const pf_norm_block *block, const pf_norm_affine *affine,
                    const float *x, float *y) {
  if (affine->rectify)
    write_all(false, true, block, affine, NULL, NULL, (source){x, NULL}, y);
  else
    write_all(false, false, block, affine, NULL, NULL, (source){x, NULL}, y);
}

static void backward(const pf_norm_block *block, const pf_norm_affine *affine,
                     const float *a, const float *b, const float *x, const float *dy,
                     float *dx) {
  if (affine->rectify)
    write_all(true, true, block, affine, a, b, (source){x, dy}, dx);
  else
    write_all(true, false, block, affine, a, b, (source){x, dy}, dx);
}

void pf_fill(norm)(pf_norm_kernels *to);
void pf_fill(norm)(pf_norm_kernels *to) {
  *to = (pf_norm_kernels){sums, squares, forward, slopes, backward};
}
