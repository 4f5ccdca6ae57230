/*
 * linesearch.c - Nocedal and Wright (2006), algorithms 3.5 (bracket) and 3.6 (zoom), with
 * cubic interpolation kept away from the ends of the bracket.
 *
 * A point whose value or slope is not finite counts as infinitely high, so the search
 * backs off from it.
 */
#include "optim/linesearch.h"

#include <float.h>
#include <math.h>

#include "base/base.h"

typedef enum verdict { too_high, lower, accepted } verdict;

/* The objective along the direction. */
typedef struct sample {
  double step, value, slope;
  verdict verdict;
} sample;

double pf_dot(const double *a, const double *b, size_t size) {
  double sums[4] = {0.0};
  size_t whole = size - size % 4;
  for (size_t i = 0; i < whole; i += 4)
    for (size_t k = 0; k < 4; k++)
      sums[k] += a[i + k] * b[i + k];
  for (size_t i = whole; i < size; i++)
    sums[i - whole] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

double pf_rounding(double value) {
  return 1e-13 * fabs(value);
}

pflow_err pf_evaluate(pf_search *search, pf_point *point) {
  search->evaluations++;
  pf_callback_begin();
  int result = search->objective(point->x, search->size, &point->value, point->gradient,
                                 search->user);
  return pf_callback_result(result, "objective");
}

static sample sample_of(const pf_search *search, const pf_point *point, double step) {
  sample at = {.step = step, .value = point->value};
  at.slope = pf_dot(point->gradient, search->direction, search->size);
  if (!isfinite(at.value) || !isfinite(at.slope)) at.value = INFINITY;
  return at;
}

static bool decreases_enough(const pf_search *search, sample origin, sample at) {
  return at.value <= origin.value + search->armijo * at.step * origin.slope;
}

static bool is_flat(const pf_search *search, sample origin, sample at) {
  return fabs(at.slope) <= -search->curvature * origin.slope;
}

/*
 * Where the change of the value drowns in rounding, slopes still tell: the approximate
 * Wolfe conditions (Hager and Zhang 2005, equation 4.1).
 */
static verdict judge_slope(const pf_search *search, sample origin, sample at) {
  if (at.slope > (2.0 * search->armijo - 1.0) * origin.slope) return too_high;
  if (is_flat(search, origin, at)) return accepted;
  return at.slope > 0.0 || at.slope <= origin.slope ? too_high : lower;
}

static verdict judge(const pf_search *search, sample origin, sample at) {
  double noise = pf_rounding(origin.value);
  if (fabs(at.value - origin.value) <= noise && at.value <= search->best.value + noise)
    return judge_slope(search, origin, at);
  if (!decreases_enough(search, origin, at) || at.value >= search->best.value)
    return too_high;
  return is_flat(search, origin, at) ? accepted : lower;
}

/* Evaluates at a step; a point that is not too high becomes the best. */
static pflow_err probe(pf_search *search, sample origin, double step, sample *at) {
  pf_point *trial = &search->trial;
  for (size_t i = 0; i < search->size; i++)
    trial->x[i] = search->start.x[i] + step * search->direction[i];
  pflow_err rc = pf_evaluate(search, trial);
  if (rc != PFLOW_OK) return rc;
  *at = sample_of(search, trial, step);
  at->verdict = judge(search, origin, *at);
  if (at->verdict != too_high) {
    pf_point swap = search->best;
    search->best = *trial;
    *trial = swap;
    search->best_step = step;
  }
  return PFLOW_OK;
}

/* Minimiser of the cubic through both samples (equation 3.59); NaN if it has none. */
static double cubic_minimum(sample a, sample b) {
  double d1 = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.step - b.step);
  double d2 = copysign(sqrt(d1 * d1 - a.slope * b.slope), b.step - a.step);
  double part = (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
  return b.step - (b.step - a.step) * part;
}

/* Where the slope would be zero if it were linear. */
static double secant_zero(sample a, sample b) {
  return a.step - a.slope * (b.step - a.step) / (b.slope - a.slope);
}

static double clamp(double value, double a, double b) {
  return fmin(fmax(value, fmin(a, b)), fmax(a, b));
}

/* A step beyond `now`, towards the minimum that both samples suggest. */
static double extend(sample previous, sample now) {
  double width = now.step - previous.step;
  double wish = cubic_minimum(previous, now);
  double far = now.step + 4.0 * width;
  return wish > now.step ? clamp(wish, now.step + 1.1 * width, far) : far;
}

/* A step between low and high, a tenth of the bracket or more from either. */
static double divide(sample low, sample high, double noise, bool halve) {
  double width = high.step - low.step;
  if (high.value == INFINITY) return low.step + 0.1 * width;
  double wish = fabs(high.value - low.value) > noise ? cubic_minimum(low, high)
                                                     : secant_zero(low, high);
  if (halve || !isfinite(wish)) return low.step + 0.5 * width;
  return clamp(wish, low.step + 0.1 * width, high.step - 0.1 * width);
}

/* Algorithm 3.6. low is the better end; high.step may lie on either side of it. */
static pflow_err zoom(pf_search *search, sample origin, sample low, sample high,
                      size_t evaluations) {
  double width_before = INFINITY;
  for (; evaluations < search->max_evaluations; evaluations++) {
    double width = fabs(high.step - low.step);
    if (width <= DBL_EPSILON * fmax(low.step, high.step)) break;
    bool halve = width > 0.5 * width_before;
    width_before = halve ? INFINITY : width;
    sample at;
    pflow_err rc =
        probe(search, origin, divide(low, high, pf_rounding(origin.value), halve), &at);
    if (rc != PFLOW_OK || at.verdict == accepted) return rc;
    if (at.verdict == too_high) {
      high = at;
      continue;
    }
    if (at.slope * (high.step - low.step) >= 0.0) high = low;
    low = at;
  }
  return PFLOW_LIMIT;
}

pflow_err pf_search_run(pf_search *search, double step) {
  sample origin = sample_of(search, &search->start, 0.0);
  sample previous = origin;
  search->best.value = search->start.value;
  search->best_step = 0.0;
  for (size_t done = 1; done <= search->max_evaluations; done++) {
    sample at;
    pflow_err rc = probe(search, origin, step, &at);
    if (rc != PFLOW_OK || at.verdict == accepted) return rc;
    if (at.verdict == too_high) return zoom(search, origin, previous, at, done);
    if (at.slope >= 0.0) return zoom(search, origin, at, previous, done);
    step = extend(previous, at);
    previous = at;
  }
  return PFLOW_LIMIT;
}
