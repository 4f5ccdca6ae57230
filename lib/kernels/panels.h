/*
 * panels.h - rows of a matrix product, packed once for many columns.
 *
 * The sum over k is taken in pieces, so that a panel of columns with a piece of them
 * stays in the first cache. A value of a product is a sum of pieces in rising order of k.
 */
#ifndef LIBPFLOW_PANELS_H
#define LIBPFLOW_PANELS_H

#include "kernels/gemm.h"
#include "kernels/gemm_kernels.h"

enum { pf_panel_piece = 256 };

/* op(a), m x k, in panels of rows: pieces one after another, panels within. */
typedef struct pf_panels {
  const pf_gemm_kernels *kernels;
  size_t m, k;
  size_t count;  /* of panels */
  float *values; /* the caller's: pf_gemm_scratch(m, k) floats */
} pf_panels;

/* Panels of the CPU level in use, not packed yet. */
pf_panels pf_panels_at(size_t m, size_t k, float *values);

/* Packs panels begin <= i < end. */
void pf_panels_pack(const pf_panels *panels, const pf_operand *a, size_t begin,
                    size_t end);

/* Terms of the piece that begins at term `first`. */
size_t pf_panels_piece(const pf_panels *panels, size_t first);

/*
 * Packs one panel of columns, column <= j < column + kernels->columns as far as n goes,
 * for the piece at `first`. Returns the number of columns.
 */
size_t pf_panels_columns(const pf_panels *panels, const pf_operand *b, size_t column,
                         size_t n, size_t first, float *to);

/*
 * c (rows of panels begin <= i < end, `columns` columns) = or += their product over the
 * piece at `first`, b being that piece of the columns. c is where row 0 would be.
 */
void pf_panels_multiply(const pf_panels *panels, size_t begin, size_t end, size_t first,
                        const float *b, size_t columns, float *c, size_t stride,
                        bool add);

#endif
