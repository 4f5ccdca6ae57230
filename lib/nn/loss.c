/*
 * loss.c - cross entropy and mean squared error, summed in double.
 */
#include <math.h>

#include "base/base.h"
#include "kernels/table.h"
#include "pflow/nn.h"

static pflow_err check_size(size_t n, size_t dim, const char *dim_name) {
  size_t size;
  if (n == 0) return pf_fail(PFLOW_EINVAL, "a loss over 0 rows");
  if (dim == 0) return pf_fail(PFLOW_EINVAL, "a loss with %s 0", dim_name);
  return pf_mul(&size, n, dim, "a loss");
}

static pflow_err check_labels(const int32_t *labels, size_t n, size_t classes) {
  for (size_t i = 0; i < n; i++) {
    if (labels[i] < 0 || (size_t)labels[i] >= classes)
      return pf_fail(PFLOW_ELABEL, "row %zu has label %d, wants 0 to %zu", i,
                     (int)labels[i], classes - 1);
  }
  return PFLOW_OK;
}

/* Softmax of one row: value k is exp(row[k] - largest) / sum, which cannot overflow. */
typedef struct softmax {
  double largest, sum;
} softmax;

static softmax softmax_of(const float *row, size_t classes) {
  softmax s = {.largest = row[0]};
  for (size_t k = 1; k < classes; k++)
    s.largest = row[k] > s.largest ? row[k] : s.largest;
  for (size_t k = 0; k < classes; k++)
    s.sum += exp(row[k] - s.largest);
  return s;
}

/* (softmax - one at the label) / n. */
static void softmax_gradient(const softmax *s, const float *row, size_t label, size_t n,
                             size_t classes, float *gradient) {
  for (size_t k = 0; k < classes; k++) {
    double probability = exp(row[k] - s->largest) / s->sum;
    gradient[k] = (float)((probability - (k == label)) / (double)n);
  }
}

pflow_err pflow_loss_cross_entropy(const float *logits, const int32_t *labels, size_t n,
                                   size_t classes, double *loss, float *dlogits) {
  pf_need(logits);
  pf_need(labels);
  pf_need(loss);
  pf_try(check_size(n, classes, "classes"));
  pf_try(check_labels(labels, n, classes));
  double total = 0.0;
  for (size_t i = 0; i < n; i++) {
    const float *row = logits + i * classes;
    size_t label = (size_t)labels[i];
    softmax s = softmax_of(row, classes);
    total += log(s.sum) + (s.largest - row[label]);
    if (dlogits) softmax_gradient(&s, row, label, n, classes, dlogits + i * classes);
  }
  *loss = total / (double)n;
  return PFLOW_OK;
}

pflow_err pflow_loss_mse(const float *prediction, const float *target, size_t n,
                         size_t dim, double *loss, float *dprediction) {
  pf_need(prediction);
  pf_need(target);
  pf_need(loss);
  pf_try(check_size(n, dim, "dim"));
  const double size = (double)(n * dim);
  *loss = pf_kernels_get()->rows.differences(n * dim, prediction, target, 2.0 / size,
                                             dprediction) /
          size;
  return PFLOW_OK;
}
