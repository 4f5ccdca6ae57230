/*
 * folds.h - stratified folds of labelled rows.
 */
#ifndef LIBPFLOW_FOLDS_H
#define LIBPFLOW_FOLDS_H

#include "base/base.h"
#include "pflow/eval.h"

/*
 * Deals `take` of the rows, a seeded sample in random order, to folds: each class, and
 * all rows, evenly but for one row. Entry i of `rows` is a row, entry i of `folds` its
 * fold. scratch has room for classes + 1.
 */
void pf_folds_deal(const pflow_labelled *from, size_t take, size_t count, uint64_t seed,
                   size_t *rows, size_t *folds, size_t *scratch);

/*
 * Copies the rows outside a fold, then those in it, to x and labels (take rows each).
 * Returns how many lie outside.
 */
size_t pf_folds_split(const pflow_labelled *from, size_t take, const size_t *rows,
                      const size_t *folds, size_t fold, float *x, int32_t *labels);

#endif
