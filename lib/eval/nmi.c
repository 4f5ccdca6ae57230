/*
 * nmi.c - normalised mutual information of two labellings.
 */
#include <math.h>

#include "eval/rows.h"
#include "pflow/probes.h"

/* Counts of pairs of labels, and of each label. */
typedef struct counts {
  size_t rows, columns;
  size_t *joint, *row, *column;
} counts;

static double entropy(const size_t *count, size_t classes, double n) {
  double sum = 0.0;
  for (size_t i = 0; i < classes; i++)
    if (count[i] > 0) sum -= (double)count[i] / n * log((double)count[i] / n);
  return sum;
}

static double information(const counts *self, double n) {
  double sum = 0.0;
  for (size_t i = 0; i < self->rows; i++) {
    for (size_t j = 0; j < self->columns; j++) {
      const double both = (double)self->joint[i * self->columns + j];
      if (both > 0.0)
        sum +=
            both / n * log(both * n / ((double)self->row[i] * (double)self->column[j]));
    }
  }
  return sum;
}

static double nmi_of(counts *self, const int32_t *a, const int32_t *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    self->joint[(size_t)a[i] * self->columns + (size_t)b[i]]++;
    self->row[a[i]]++;
    self->column[b[i]]++;
  }
  const double sum = entropy(self->row, self->rows, (double)n) +
                     entropy(self->column, self->columns, (double)n);
  if (sum == 0.0) return 1.0;
  return fmin(fmax(2.0 * information(self, (double)n) / sum, 0.0), 1.0);
}

pflow_err pflow_nmi(const int32_t *a, size_t a_classes, const int32_t *b,
                    size_t b_classes, size_t n, double *nmi) {
  pf_need(a);
  pf_need(b);
  pf_need(nmi);
  if (n == 0) return pf_fail(PFLOW_EINVAL, "mutual information of 0 labels");
  pf_try(pf_check_labels(a, n, a_classes, "first labels"));
  pf_try(pf_check_labels(b, n, b_classes, "second labels"));
  counts self = {.rows = a_classes, .columns = b_classes};
  size_t size, joint;
  pf_try(pf_mul(&joint, a_classes, b_classes, "pairs of labels"));
  pf_try(pf_add(&size, joint, a_classes + b_classes, "pairs of labels"));
  pf_try(pf_alloc(&self.joint, size, sizeof *self.joint));
  self.row = self.joint + joint;
  self.column = self.row + a_classes;
  *nmi = nmi_of(&self, a, b, n);
  pflow_free(self.joint);
  return PFLOW_OK;
}
