/*
 * accuracy.c - share of right labels, and the class of the largest logit.
 */
#include "eval/rows.h"
#include "pflow/eval.h"

pflow_err pflow_accuracy(const int32_t *predicted, const int32_t *labels, size_t n,
                         double *accuracy) {
  pf_need(predicted);
  pf_need(labels);
  pf_need(accuracy);
  if (n == 0) return pf_fail(PFLOW_EINVAL, "accuracy of 0 labels");
  size_t equal = 0;
  for (size_t i = 0; i < n; i++)
    equal += predicted[i] == labels[i];
  *accuracy = (double)equal / (double)n;
  return PFLOW_OK;
}

pflow_err pflow_argmax(const float *logits, size_t n, size_t classes, int32_t *labels) {
  pf_need(logits);
  pf_need(labels);
  pf_try(pf_check_rows(logits, n, classes, "logits"));
  pf_try(pf_check_labels(labels, 0, classes, "logits"));
  for (size_t i = 0; i < n; i++) {
    const float *row = logits + i * classes;
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
      if (row[k] > row[best]) best = k;
    labels[i] = (int32_t)best;
  }
  return PFLOW_OK;
}
