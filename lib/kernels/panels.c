/*
 * panels.c - packing for matrix products, and the tiles of packed panels.
 */
#include "kernels/panels.h"

#include "kernels/table.h"

pf_panels pf_panels_at(size_t m, size_t k, float *values) {
  const pf_gemm_kernels *kernels = &pf_kernels_get()->gemm;
  const size_t count = m / kernels->rows + (m % kernels->rows > 0);
  return (pf_panels){kernels, m, k, count, values};
}

size_t pf_panels_piece(const pf_panels *panels, size_t first) {
  const size_t left = panels->k - first;
  return left < pf_panel_piece ? left : pf_panel_piece;
}

static float *packed(const pf_panels *panels, size_t panel, size_t first) {
  const size_t rows = panels->kernels->rows;
  return panels->values + first * panels->count * rows +
         panel * pf_panels_piece(panels, first) * rows;
}

static size_t rows_of(const pf_panels *panels, size_t panel) {
  const size_t left = panels->m - panel * panels->kernels->rows;
  return left < panels->kernels->rows ? left : panels->kernels->rows;
}

/* `used` rows or columns of a factor from `at` on, along k or across it. */
static void pack(const pf_gemm_kernels *kernels, const pf_operand *from, bool along_k,
                 size_t at, size_t first, size_t length, size_t used, size_t width,
                 float *to) {
  if (along_k)
    kernels->turn(from->values + at * from->stride + first, from->stride, length, used,
                  width, to);
  else
    kernels->copy(from->values + first * from->stride + at, from->stride, length, used,
                  width, to);
}

void pf_panels_pack(const pf_panels *panels, const pf_operand *a, size_t begin,
                    size_t end) {
  const size_t rows = panels->kernels->rows;
  for (size_t first = 0; first < panels->k; first += pf_panel_piece)
    for (size_t panel = begin; panel < end; panel++)
      pack(panels->kernels, a, a->trans == pf_plain, panel * rows, first,
           pf_panels_piece(panels, first), rows_of(panels, panel), rows,
           packed(panels, panel, first));
}

size_t pf_panels_columns(const pf_panels *panels, const pf_operand *b, size_t column,
                         size_t n, size_t first, float *to) {
  const size_t width = panels->kernels->columns;
  const size_t used = n - column < width ? n - column : width;
  pack(panels->kernels, b, b->trans == pf_transposed, column, first,
       pf_panels_piece(panels, first), used, width, to);
  return used;
}

void pf_panels_multiply(const pf_panels *panels, size_t begin, size_t end, size_t first,
                        const float *b, size_t columns, float *c, size_t stride,
                        bool add) {
  for (size_t panel = begin; panel < end; panel++)
    panels->kernels->tile(pf_panels_piece(panels, first), packed(panels, panel, first), b,
                          c + panel * panels->kernels->rows * stride, stride,
                          rows_of(panels, panel), columns, add);
}
