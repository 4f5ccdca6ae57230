/*
 * logistic.c - tiles of some classes x one vector of floats, widened to two of doubles.
 */
#include "kernels/logistic_kernels.h"
#include "kernels/vector/exp.h"
#include "kernels/vector/vector.h"

enum { rows = pf_logistic_rows };

/* As many sums as the registers hold beside two vectors of x. */
#if pf_lanes == 8
#define most_classes 5
#else
#define most_classes 10
#endif

/* Calls function with a constant number of classes for each tile of them. */
#define for_tiles(function, classes, ...)                                                \
  for (size_t first = 0; first < (classes); first += most_classes) {                     \
    switch ((classes)-first) {                                                           \
    case 1:                                                                              \
      function(1, first, __VA_ARGS__);                                                   \
      break;                                                                             \
    case 2:                                                                              \
      function(2, first, __VA_ARGS__);                                                   \
      break;                                                                             \
    case 3:                                                                              \
      function(3, first, __VA_ARGS__);                                                   \
      break;                                                                             \
    case 4:                                                                              \
      function(4, first, __VA_ARGS__);                                                   \
      break;                                                                             \
      for_tiles_above(function, __VA_ARGS__) default                                     \
          : function(most_classes, first, __VA_ARGS__);                                  \
    }                                                                                    \
  }
#if most_classes == 10
#define for_tiles_above(function, ...)                                                   \
  case 5:                                                                                \
    function(5, first, __VA_ARGS__);                                                     \
    break;                                                                               \
  case 6:                                                                                \
    function(6, first, __VA_ARGS__);                                                     \
    break;                                                                               \
  case 7:                                                                                \
    function(7, first, __VA_ARGS__);                                                     \
    break;                                                                               \
  case 8:                                                                                \
    function(8, first, __VA_ARGS__);                                                     \
    break;                                                                               \
  case 9:                                                                                \
    function(9, first, __VA_ARGS__);                                                     \
    break;
#else
#define for_tiles_above(function, ...)
#endif

pf_always_inline void logits_tile(size_t m, size_t first, size_t k, const float *panel,
                                  const double *weights, size_t classes, double *logits) {
  vd sum[most_classes][2];
  double *to = logits + first * rows;
  pf_each (c, m)
    for (size_t p = 0; p < 2; p++)
      sum[c][p] = vd_load(to + c * rows + p * vd_lanes);
  for (size_t q = 0; q < k; q++) {
    const vd low = vd_widen(panel + q * pf_lanes);
    const vd high = vd_widen(panel + q * pf_lanes + vd_lanes);
    pf_each (c, m) {
      const double weight = weights[q * classes + first + c];
      sum[c][0] += weight * low;
      sum[c][1] += weight * high;
    }
  }
  pf_each (c, m)
    for (size_t p = 0; p < 2; p++)
      vd_store(to + c * rows + p * vd_lanes, sum[c][p]);
}

static void logits_of(size_t k, const float *panel, const double *weights, size_t classes,
                      double *logits){
    for_tiles(logits_tile, classes, k, panel, weights, classes, logits)}

/* The first largest logit of each lane, and which it is. */
pf_always_inline vd largest_of(const double *logits, size_t classes, vl *which) {
  vd top = vd_load(logits);
  *which = (vl){0};
  for (size_t k = 1; k < classes; k++) {
    const vd logit = vd_load(logits + k * rows);
    const vl above = logit > top;
    top = vd_choose(above, logit, top);
    *which = (above & (int64_t)k) | (~above & *which);
  }
  return top;
}

/* Residuals and losses of vd_lanes rows; both are 0 where c is 0. */
pf_always_inline vd losses_of(double *logits, size_t classes, vl label, vd c) {
  vl largest;
  const vd top = largest_of(logits, classes, &largest);
  vd rest = vd_set(0.0), right = top, others = vd_set(0.0);
  for (size_t k = 0; k < classes; k++) {
    const vd logit = vd_load(logits + k * rows);
    const vl is_largest = largest == (int64_t)k;
    const vd odds = vd_exp(logit - top);
    right = vd_choose(label == (int64_t)k, logit, right);
    rest += vd_choose(is_largest, vd_set(0.0), odds);
    vd_store(logits + k * rows, vd_choose(is_largest, vd_set(1.0), odds));
  }
  const vd scale = c / (1.0 + rest);
  for (size_t k = 0; k < classes; k++) {
    const vd value = scale * vd_load(logits + k * rows);
    others += vd_choose(label == (int64_t)k, vd_set(0.0), value);
    vd_store(logits + k * rows, value);
  }
  for (size_t k = 0; k < classes; k++) {
    const vd value = vd_load(logits + k * rows);
    vd_store(logits + k * rows, vd_choose(label == (int64_t)k, -others, value));
  }
  return (top - right) + vd_log1p(rest);
}

static double losses(double *logits, size_t classes, const int32_t *labels, size_t n,
                     double c) {
  double sums[rows] = {0.0}, scales[rows] = {0.0}, sum = 0.0;
  int64_t label[rows] = {0};
  for (size_t i = 0; i < n; i++) {
    label[i] = labels[i];
    scales[i] = c;
  }
  for (size_t i = 0; i < rows; i += vd_lanes) {
    vl lanes;
    memcpy(&lanes, label + i, sizeof lanes);
    vd_store(sums + i, losses_of(logits + i, classes, lanes, vd_load(scales + i)));
  }
  for (size_t i = 0; i < n; i++)
    sum += sums[i];
  for (size_t k = 0; k < classes && n < rows; k++)
    memset(logits + k * rows + n, 0, (rows - n) * sizeof *logits);
  return sum;
}

/* The first `used` of a vector of columns. */
pf_always_inline void gradient_tile(size_t m, size_t first, size_t n, const float *x,
                                    size_t stride, size_t used, const double *residuals,
                                    double *gradient, size_t width) {
  vd sum[most_classes][2] = {{{0.0}}};
  const double *from = residuals + first * rows;
  for (size_t i = 0; i < n; i++) {
    vd low, high;
    if (used == pf_lanes) {
      low = vd_widen(x + i * stride);
      high = vd_widen(x + i * stride + vd_lanes);
    } else {
      float part[pf_lanes] = {0.0f};
      memcpy(part, x + i * stride, used * sizeof *part);
      low = vd_widen(part);
      high = vd_widen(part + vd_lanes);
    }
    pf_each (c, m) {
      sum[c][0] += from[c * rows + i] * low;
      sum[c][1] += from[c * rows + i] * high;
    }
  }
  for (size_t c = 0; c < m; c++) {
    double add[pf_lanes], *to = gradient + (first + c) * width;
    memcpy(add, sum[c], sizeof add);
    for (size_t k = 0; k < used; k++)
      to[k] += add[k];
  }
}

static void gradient_of(size_t n, const float *x, size_t stride, size_t dim,
                        const double *residuals, size_t classes, double *gradient,
                        size_t width) {
  for (size_t c = 0; c < classes; c++) {
    vd sum = vd_set(0.0);
    for (size_t i = 0; i < rows; i += vd_lanes)
      sum += vd_load(residuals + c * rows + i);
    gradient[c * width] += vd_sum(sum);
  }
  for (size_t k = 0; k < dim; k += pf_lanes) {
    double *to = gradient + 1 + k;
    if (dim - k >= pf_lanes) {
      for_tiles(gradient_tile, classes, n, x + k, stride, pf_lanes, residuals, to, width)
    } else {
      for_tiles(gradient_tile, classes, n, x + k, stride, dim - k, residuals, to, width)
    }
  }
}

void pf_fill(logistic)(pf_logistic_kernels *to);
void pf_fill(logistic)(pf_logistic_kernels *to) {
  *to = (pf_logistic_kernels){pf_lanes, logits_of, losses, gradient_of};
}
