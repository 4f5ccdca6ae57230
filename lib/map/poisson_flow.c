#include "map/poisson_flow.h"

#include <math.h>

/* With z = x / size: dz/ds = (x - xhat) / size - z * growth, growth = d ln size / ds. */
typedef struct scaling {
  double size, growth;
} scaling;

double pf_poisson_flow_size(double aug_dim, double r) {
  return hypot(1.0, r / sqrt(aug_dim));
}

static scaling scaling_at(const pf_poisson_flow *flow, double r) {
  const double size = pf_poisson_flow_size(flow->aug_dim, r);
  return (scaling){size, 1.0 - 1.0 / (size * size)};
}

static void multiply(float *x, size_t n, double factor) {
  for (size_t i = 0; i < n; i++)
    x[i] = (float)(x[i] * factor);
}

/* The field reads the rows where it will write. */
static int derivative(const pflow_ode_rows *rows, float *dz, void *user) {
  const pf_poisson_flow *flow = user;
  const size_t dim = rows->dim;
  pflow_ode_rows unscaled = *rows;
  unscaled.y = dz;
  for (size_t i = 0; i < rows->n; i++) {
    const double size = scaling_at(flow, exp(rows->s[i])).size;
    for (size_t k = 0; k < dim; k++)
      dz[i * dim + k] = (float)(rows->y[i * dim + k] * size);
  }
  const int result = flow->field(&unscaled, dz, flow->user);
  if (result != 0) return result;
  for (size_t i = 0; i < rows->n; i++) {
    const scaling at = scaling_at(flow, exp(rows->s[i]));
    for (size_t k = 0; k < dim; k++)
      dz[i * dim + k] =
          (float)(dz[i * dim + k] / at.size - rows->y[i * dim + k] * at.growth);
  }
  return 0;
}

pflow_err pf_poisson_flow_run(pf_poisson_flow *flow, pflow_ode *ode, double from,
                              double to, float *u, size_t n, pflow_ode_stats *stats) {
  multiply(u, n * flow->dim, 1.0 / scaling_at(flow, from).size);
  const pflow_err rc =
      pflow_ode_run(ode, derivative, flow, log(from), log(to), u, n, stats);
  multiply(u, n * flow->dim, scaling_at(flow, to).size);
  return rc;
}
