#include "map/radii.h"

#include <math.h>

#include "eval/sorted.h"

/* Rows at the centre count as this near, and equal radii are told apart by this much. */
static const double least_ratio = 1e-30, least_rise = 1e-9;

double pf_row_length(const float *row, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += (double)row[k] * row[k];
  return sqrt(sum);
}

double pf_radii_share(size_t i) {
  return ((double)i + 0.5) / pf_radii_shares;
}

pflow_err pf_radii_measure(pf_radii *radii, const float *u, size_t n, size_t dim,
                           double r) {
  double *logs;
  pf_try(pf_alloc(&logs, n, sizeof *logs));
  for (size_t i = 0; i < n; i++)
    logs[i] = log(fmax(pf_row_length(u + i * dim, dim) / r, least_ratio));
  pf_sort(logs, n);
  for (size_t i = 0; i < pf_radii_shares; i++) {
    const double least = i > 0 ? radii->at[i - 1] + least_rise : -INFINITY;
    radii->at[i] = fmax(pf_quantile(logs, n, pf_radii_share(i)), least);
  }
  pflow_free(logs);
  return PFLOW_OK;
}

double pf_radii_of_share(const pf_radii *radii, double share) {
  const double place = share * pf_radii_shares - 0.5;
  if (place <= 0.0) return radii->at[0];
  if (place >= pf_radii_shares - 1) return radii->at[pf_radii_shares - 1];
  const size_t i = (size_t)place;
  return radii->at[i] + (place - (double)i) * (radii->at[i + 1] - radii->at[i]);
}

pf_radii pf_radii_between(const pf_radii *from, const pf_radii *to, double part,
                          double shift) {
  pf_radii made;
  for (size_t i = 0; i < pf_radii_shares; i++)
    made.at[i] = from->at[i] + part * (to->at[i] - from->at[i]) + shift;
  return made;
}

bool pf_radii_are_sound(const pf_radii *radii) {
  const double most = 200.0; /* float32 spans e^-104 to e^89 */
  for (size_t i = 1; i < pf_radii_shares; i++)
    if (!(radii->at[i] - radii->at[i - 1] >= 0.5 * least_rise)) return false;
  return radii->at[0] >= -most && radii->at[pf_radii_shares - 1] <= most;
}

double pf_line_at(const double *from, const double *to, size_t n, double at) {
  size_t low = 0, high = n - 1;
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    if (from[middle] <= at)
      low = middle;
    else
      high = middle;
  }
  const double slope = (to[high] - to[low]) / (from[high] - from[low]);
  return to[low] + slope * (at - from[low]);
}

/* Beyond the outermost shares a row keeps its distance from them. */
static double match(const pf_radii *from, const pf_radii *to, double at) {
  const size_t last = pf_radii_shares - 1;
  if (at <= from->at[0]) return to->at[0] + (at - from->at[0]);
  if (at >= from->at[last]) return to->at[last] + (at - from->at[last]);
  return pf_line_at(from->at, to->at, pf_radii_shares, at);
}

double pf_radii_match_there(const pf_radii_match *self, double log_ratio) {
  return match(&self->rows, &self->uniform, log_ratio);
}

double pf_radii_match_back(const pf_radii_match *self, double log_ratio) {
  return match(&self->uniform, &self->rows, log_ratio);
}
