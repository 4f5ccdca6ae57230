/*
 * gemm.c - a tile of rows x two vectors of sums in registers; packing with squares
 * transposed in registers.
 */
#include "kernels/gemm_kernels.h"
#include "kernels/vector/vector.h"

/* As many sums as the registers hold beside two vectors of b and one value of a. */
#if pf_lanes == 16
enum { tile_rows = 14 };
#elif pf_lanes == 8
enum { tile_rows = 6 };
#else
enum { tile_rows = 12 };
#endif
enum { tile_columns = 2 * pf_lanes };

/* Adds up a product of m rows and `parts` vectors of columns, m and parts constants. */
pf_always_inline void add_up(size_t m, size_t parts, size_t k, const float *a,
                             const float *b, vf sum[tile_rows][2]) {
  for (size_t i = 0; i < m; i++)
    for (size_t p = 0; p < parts; p++)
      sum[i][p] = (vf){0.0f};
  for (size_t q = 0; q < k; q++) {
    vf column[2];
    for (size_t p = 0; p < parts; p++)
      column[p] = vf_load(b + q * tile_columns + p * pf_lanes);
    pf_each (i, m)
      for (size_t p = 0; p < parts; p++)
        sum[i][p] += a[q * tile_rows + i] * column[p];
  }
}

pf_always_inline void put(float *c, vf value, size_t n, bool add) {
  if (n >= pf_lanes) {
    vf_store(c, add ? vf_load(c) + value : value);
  } else {
    vf_store_part(c, add ? vf_load_part(c, n) + value : value, n);
  }
}

pf_always_inline void fixed_tile(size_t m, size_t parts, size_t k, const float *a,
                                 const float *b, float *c, size_t stride, size_t n,
                                 bool add) {
  vf sum[tile_rows][2];
  pf_each (i, m) {
    vf_fetch_to_write(c + i * stride);
    if (parts == 2) vf_fetch_to_write(c + i * stride + pf_lanes);
  }
  add_up(m, parts, k, a, b, sum);
  pf_each (i, m) {
    put(c + i * stride, sum[i][0], n, add);
    if (parts == 2) put(c + i * stride + pf_lanes, sum[i][1], n - pf_lanes, add);
  }
}

/* A tile of m rows: one or two vectors wide. */
#define define_tile(rows)                                                                \
  static void tile_##rows(size_t k, const float *a, const float *b, float *c,            \
                          size_t stride, size_t n, bool add) {                           \
    if (n > pf_lanes)                                                                    \
      fixed_tile(rows, 2, k, a, b, c, stride, n, add);                                   \
    else                                                                                 \
      fixed_tile(rows, 1, k, a, b, c, stride, n, add);                                   \
  }
define_tile(1) define_tile(2) define_tile(3) define_tile(4) define_tile(5) define_tile(6)
#if pf_lanes != 8
    define_tile(7) define_tile(8) define_tile(9) define_tile(10) define_tile(11)
        define_tile(12)
#endif
#if pf_lanes == 16
            define_tile(13) define_tile(14)
#endif

                typedef void (*tile_of_rows)(size_t k, const float *a, const float *b,
                                             float *c, size_t stride, size_t n, bool add);

static const tile_of_rows tiles[tile_rows] = {
    tile_1,  tile_2,  tile_3, tile_4,  tile_5,  tile_6,
#if pf_lanes != 8
    tile_7,  tile_8,  tile_9, tile_10, tile_11, tile_12,
#endif
#if pf_lanes == 16
    tile_13, tile_14,
#endif
};

static void tile(size_t k, const float *a, const float *b, float *c, size_t stride,
                 size_t m, size_t n, bool add) {
  tiles[m - 1](k, a, b, c, stride, n, add);
}

static void copy(const float *from, size_t stride, size_t k, size_t used, size_t width,
                 float *to) {
  for (size_t q = 0; q < k; q++) {
    if (used == width && width == tile_columns) {
      vf_store(to + q * width, vf_load(from + q * stride));
      vf_store(to + q * width + pf_lanes, vf_load(from + q * stride + pf_lanes));
    } else {
      memcpy(to + q * width, from + q * stride, used * sizeof *to);
      memset(to + q * width + used, 0, (width - used) * sizeof *to);
    }
  }
}

/* Turns `used` <= pf_lanes rows of pf_lanes values into as many columns of a panel. */
pf_always_inline void turn_square(const float *from, size_t stride, size_t used,
                                  size_t width, size_t room, float *to) {
  vf row[pf_lanes];
  pf_each (i, pf_lanes)
    row[i] = i < used ? vf_load(from + i * stride) : (vf){0.0f};
  vf_transpose(row);
  pf_each (q, pf_lanes) {
    if (room >= pf_lanes)
      vf_store(to + q * width, row[q]);
    else
      vf_store_part(to + q * width, row[q], room);
  }
}

static void turn(const float *from, size_t stride, size_t k, size_t used, size_t width,
                 float *to) {
  const size_t whole = k - k % pf_lanes;
  for (size_t q = 0; q < whole; q += pf_lanes) {
    for (size_t i = 0; i < width; i += pf_lanes) {
      size_t rows = used > i ? used - i : 0;
      turn_square(from + i * stride + q, stride, rows < pf_lanes ? rows : pf_lanes, width,
                  width - i, to + q * width + i);
    }
  }
  for (size_t q = whole; q < k; q++)
    for (size_t i = 0; i < width; i++)
      to[q * width + i] = i < used ? from[i * stride + q] : 0.0f;
}

void pf_fill(gemm)(pf_gemm_kernels *to);
void pf_fill(gemm)(pf_gemm_kernels *to) {
  *to = (pf_gemm_kernels){tile_rows, tile_columns, tile, copy, turn};
}
