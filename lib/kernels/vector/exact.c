/*
 * exact.c - queries lie in the lanes of two vectors; a tile of sources, or of
 * coordinates, times two vectors of sums stays in registers.
 *
 * The power goes through base 2: 1 + t = 2^e (1 + z) with z in [-1/4, 1/2), log2(1 + z) =
 * z g(z), and 2^y = 2^n h(y - n) for the whole number n next to y. g and h are
 * polynomials of least largest relative error (Remez), 2.7e-8 and 2.6e-9.
 */
#include "kernels/exact_kernels.h"
#include "kernels/vector/vector.h"

/* Rows whose sums fit the registers beside two vectors, a broadcast and a difference. */
#if pf_lanes == 8
enum { tile_rows = 6 };
#else
enum { tile_rows = 14 };
#endif
enum { width = 2 * pf_lanes, line = 16, piece = 128, log_degree = 8, exp_degree = 6 };

static const float log_terms[log_degree + 1] = {
    1.44269502f,  -0.721348464f, 0.480902076f,  -0.360575914f, 0.288191497f,
    -0.24272351f, 0.216324836f,  -0.174230233f, 0.0780667886f};
static const float exp_terms[exp_degree + 1] = {
    1.0f,           0.693147242f,   0.240226522f,  0.0555031039f,
    0.00961769279f, 0.00134066434f, 0.00015594672f};

/* How many of `left` rows the next tile takes: tiles of nearly the same size. */
static size_t tile_size(size_t left) {
  const size_t tiles = (left + tile_rows - 1) / tile_rows;
  return (left + tiles - 1) / tiles;
}

pf_always_inline vf vf_min(vf a, vf b) {
  vi less = a < b;
  return (vf)((less & (vi)a) | (~less & (vi)b));
}

/* ---- distances ---- */

/* One coordinate of every row. */
pf_always_inline void add_squares(size_t rows, size_t parts, const float *source,
                                  size_t stride, const float *x, vf sum[tile_rows][2]) {
  vf at[2];
  for (size_t p = 0; p < parts; p++)
    at[p] = vf_load(x + p * pf_lanes);
  pf_each (i, rows) {
    for (size_t p = 0; p < parts; p++) {
      vf difference = at[p] - source[i * stride];
      sum[i][p] += difference * difference;
    }
  }
}

/* Asks for a value that may lie behind the end, where a pointer must not point. */
pf_always_inline void prefetch_behind(const float *from, size_t at) {
  __builtin_prefetch((const void *)((uintptr_t)from + at * sizeof *from));
}

/* Sources come from memory once a tile of queries: the next tile's are asked for early.
 */
pf_always_inline void square_tile(size_t rows, size_t parts, const float *source,
                                  size_t stride, const float *x, size_t dim,
                                  vf sum[tile_rows][2]) {
  for (size_t i = 0; i < rows; i++)
    for (size_t p = 0; p < parts; p++)
      sum[i][p] = (vf){0.0f};
  for (size_t first = 0; first < dim; first += line) {
    const size_t end = dim - first < line ? dim : first + line;
    for (size_t i = 0; i < rows; i++)
      prefetch_behind(source, (i + rows) * stride + first);
    for (size_t k = first; k < end; k++)
      add_squares(rows, parts, source + k, stride, x + k * width, sum);
  }
}

pf_always_inline void distance_tile(size_t rows, size_t parts, const float *source,
                                    size_t stride, const float *x, size_t dim,
                                    float *squared, float *nearest) {
  for (size_t first = 0; first < dim; first += piece) {
    vf sum[tile_rows][2];
    square_tile(rows, parts, source + first, stride, x + first * width,
                dim - first < piece ? dim - first : piece, sum);
    pf_each (i, rows) {
      for (size_t p = 0; p < parts; p++) {
        float *to = squared + i * width + p * pf_lanes;
        vf_store(to, first > 0 ? vf_load(to) + sum[i][p] : sum[i][p]);
      }
    }
  }
  for (size_t p = 0; p < parts; p++) {
    vf least = vf_load(nearest + p * pf_lanes);
    for (size_t i = 0; i < rows; i++)
      least = vf_min(vf_load(squared + i * width + p * pf_lanes), least);
    vf_store(nearest + p * pf_lanes, least);
  }
}

/* ---- weighted sums ---- */

pf_always_inline void gather_tile(size_t rows, size_t parts, const float *const *row,
                                  size_t count, size_t at, const float *weight,
                                  const float *scale, float *sum) {
  vf part[tile_rows][2];
  for (size_t i = 0; i < rows; i++)
    for (size_t p = 0; p < parts; p++)
      part[i][p] = (vf){0.0f};
  for (size_t j = 0; j < count; j++) {
    const float *value = row[j] + at;
    vf w[2];
    for (size_t p = 0; p < parts; p++)
      w[p] = vf_load(weight + j * width + p * pf_lanes);
    pf_each (i, rows)
      for (size_t p = 0; p < parts; p++)
        part[i][p] += value[i] * w[p];
  }
  pf_each (i, rows) {
    for (size_t p = 0; p < parts; p++) {
      float *to = sum + (at + i) * width + p * pf_lanes;
      vf_store(to, vf_load(to) * vf_load(scale + p * pf_lanes) + part[i][p]);
    }
  }
}

/* Both tiles for a constant number of rows, one or two vectors wide. */
#define define_tiles(rows)                                                               \
  static void distances_##rows(const float *source, size_t stride, const float *x,       \
                               size_t dim, size_t used, float *squared,                  \
                               float *nearest) {                                         \
    if (used > pf_lanes)                                                                 \
      distance_tile(rows, 2, source, stride, x, dim, squared, nearest);                  \
    else                                                                                 \
      distance_tile(rows, 1, source, stride, x, dim, squared, nearest);                  \
  }                                                                                      \
  static void gather_##rows(const float *const *row, size_t count, size_t at,            \
                            size_t used, const float *weight, const float *scale,        \
                            float *sum) {                                                \
    if (used > pf_lanes)                                                                 \
      gather_tile(rows, 2, row, count, at, weight, scale, sum);                          \
    else                                                                                 \
      gather_tile(rows, 1, row, count, at, weight, scale, sum);                          \
  }
define_tiles(1) define_tiles(2) define_tiles(3) define_tiles(4) define_tiles(5)
    define_tiles(6)
#if pf_lanes != 8
        define_tiles(7) define_tiles(8) define_tiles(9) define_tiles(10) define_tiles(11)
            define_tiles(12) define_tiles(13) define_tiles(14)
#endif

                typedef void (*distances_of_rows)(const float *source, size_t stride,
                                                  const float *x, size_t dim, size_t used,
                                                  float *squared, float *nearest);
typedef void (*gather_of_rows)(const float *const *row, size_t count, size_t at,
                               size_t used, const float *weight, const float *scale,
                               float *sum);

static const distances_of_rows distances_tiles[tile_rows] = {
    distances_1,  distances_2,  distances_3, distances_4,  distances_5,  distances_6,
#if pf_lanes != 8
    distances_7,  distances_8,  distances_9, distances_10, distances_11, distances_12,
    distances_13, distances_14,
#endif
};
static const gather_of_rows gather_tiles[tile_rows] = {
    gather_1, gather_2, gather_3, gather_4,  gather_5,  gather_6,
#if pf_lanes != 8
    gather_7, gather_8, gather_9, gather_10, gather_11, gather_12, gather_13, gather_14,
#endif
};

static void distances(const float *source, size_t stride, size_t count, const float *x,
                      size_t dim, size_t used, float *squared, float *nearest) {
  for (size_t i = 0; i < used; i++)
    nearest[i] = __builtin_inff();
  for (size_t j = 0; j < count;) {
    const size_t rows = tile_size(count - j);
    distances_tiles[rows - 1](source + j * stride, stride, x, dim, used,
                              squared + j * width, nearest);
    j += rows;
  }
}

static void gather(const float *const *row, size_t count, size_t dim, size_t used,
                   const float *weight, const float *scale, float *sum) {
  for (size_t at = 0; at < dim;) {
    const size_t rows = tile_size(dim - at);
    gather_tiles[rows - 1](row, count, at, used, weight, scale, sum);
    at += rows;
  }
}

/* ---- weights ---- */

/* Coefficients of -power * log2, so that the power costs nothing more. */
typedef struct law {
  vf log_term[log_degree + 1], exponent, reach;
} law;

static law make_law(float power, float reach) {
  law made = {.exponent = vf_set(-power * 0x1p-23f), .reach = vf_set(reach)};
  for (size_t i = 0; i <= log_degree; i++)
    made.log_term[i] = vf_set(-power * log_terms[i]);
  return made;
}

/* 2^y, for y that a float's exponent holds. */
pf_always_inline vf exp2_of(vf y) {
  const float round = 0x1.8p23f; /* n + round has n in its last bits */
  vf shifted = y + round, rest = y - (shifted - round);
  vf h = vf_set(exp_terms[exp_degree]);
  pf_unroll for (size_t i = exp_degree; i-- > 0;) h = h * rest + exp_terms[i];
  return (vf)((vi)h + ((vi)shifted << 23));
}

/* (1 + t)^-power. The bits of 1 + t over those of 3/4 give e, in place. */
pf_always_inline vf power_of(vf t, const law *of) {
  vi e = ((vi)(t + 1.0f) - 0x3f400000) & (int32_t)0xff800000;
  vf scale = (vf)(0x3f800000 - e);
  vf z = t * scale + (scale - 1.0f);
  vf g = of->log_term[log_degree];
  pf_unroll for (size_t i = log_degree; i-- > 0;) g = g * z + of->log_term[i];
  return exp2_of(z * g + __builtin_convertvector(e, vf) * of->exponent);
}

static void weigh(float power, float reach, size_t count, size_t used, const float *least,
                  const float *inverse, const float *squared, float *weight, float *sum) {
  const law of = make_law(power, reach);
  for (size_t p = 0; p < used; p += pf_lanes) {
    const vf nearest = vf_load(least + p), unit = vf_load(inverse + p);
    vf part = {0.0f};
    for (size_t j = 0; j < count; j++) {
      vf t = (vf_load(squared + j * width + p) - nearest) * unit;
      vf w = (vf)((vi)power_of(t, &of) & (vi)(t <= of.reach));
      vf_store(weight + j * width + p, w);
      part += w;
    }
    vf_store(sum + p, vf_load(sum + p) + part);
  }
}

static void merge(size_t dim, size_t used, const double *keep, const double *take,
                  const float *sum, double *total) {
  for (size_t k = 0; k < dim; k++)
    for (size_t i = 0; i < used; i++)
      total[k * width + i] =
          total[k * width + i] * keep[i] + (double)sum[k * width + i] * take[i];
}

void pf_fill(exact)(pf_exact_kernels *to);
void pf_fill(exact)(pf_exact_kernels *to) {
  *to = (pf_exact_kernels){width, distances, weigh, gather, merge};
}
