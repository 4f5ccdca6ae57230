/*
 * order.c - checks of a Runge-Kutta tableau.
 *
 * Order conditions after Butcher 1963: for every rooted tree, sum_i b_i Phi_i =
 * 1/density. Each tree of the list is an earlier one (root) with another hung below its
 * root (branch), which gives Phi_i = Phi_i(root) * sum_j a_ij Phi_j(branch).
 */
#include <math.h>

#include "base/base.h"
#include "pflow/ode.h"

enum { tree_count = 17 };

typedef struct tree {
  int order;
  size_t root, branch;
  double density;
  const char *text; /* sum_i b_i Phi_i in matrix notation */
} tree;

static const tree trees[tree_count] = {
    {1, 0, 0, 1, "b 1"},        {2, 0, 0, 2, "b c"},         {3, 1, 0, 3, "b c^2"},
    {3, 0, 1, 6, "b A c"},      {4, 2, 0, 4, "b c^3"},       {4, 1, 1, 8, "b c A c"},
    {4, 0, 2, 12, "b A c^2"},   {4, 0, 3, 24, "b A A c"},    {5, 4, 0, 5, "b c^4"},
    {5, 2, 1, 10, "b c^2 A c"}, {5, 1, 2, 15, "b c A c^2"},  {5, 1, 3, 30, "b c A A c"},
    {5, 3, 1, 20, "b (A c)^2"}, {5, 0, 4, 20, "b A c^3"},    {5, 0, 5, 40, "b A c A c"},
    {5, 0, 6, 60, "b A A c^2"}, {5, 0, 7, 120, "b A A A c"},
};

static const double rounding = 1e-10;

static const char *name_of(const pflow_ode_tableau *self) {
  return self->name ? self->name : "tableau";
}

/* sum_j a_ij x_j. */
static double row_product(const pflow_ode_tableau *self, size_t i, const double *x) {
  double sum = 0.0;
  for (size_t j = 0; j < i; j++)
    sum += self->a[i * (i - 1) / 2 + j] * x[j];
  return sum;
}

static void elementary_weights(const pflow_ode_tableau *self,
                               double phi[tree_count][PFLOW_ODE_MAX_STAGES]) {
  for (size_t i = 0; i < self->stages; i++)
    phi[0][i] = 1.0;
  for (size_t t = 1; t < tree_count; t++)
    for (size_t i = 0; i < self->stages; i++)
      phi[t][i] = phi[trees[t].root][i] * row_product(self, i, phi[trees[t].branch]);
}

/* The conditions of b, or of b* = b - error when `embedded`. */
static pflow_err check_order(const pflow_ode_tableau *self, int order, bool embedded) {
  double phi[tree_count][PFLOW_ODE_MAX_STAGES];
  elementary_weights(self, phi);
  for (size_t t = 0; t < tree_count && trees[t].order <= order; t++) {
    double sum = 0.0;
    for (size_t i = 0; i < self->stages; i++)
      sum += (self->b[i] - (embedded ? self->error[i] : 0.0)) * phi[t][i];
    if (!(fabs(sum - 1.0 / trees[t].density) <= rounding))
      return pf_fail(PFLOW_EINVAL, "%s: %s%s is %.12g, order %d wants 1/%g",
                     name_of(self), trees[t].text, embedded ? " of b*" : "", sum, order,
                     trees[t].density);
  }
  return PFLOW_OK;
}

static pflow_err check_nodes(const pflow_ode_tableau *self) {
  const double ones[PFLOW_ODE_MAX_STAGES] = {1, 1, 1, 1, 1, 1, 1, 1,
                                             1, 1, 1, 1, 1, 1, 1, 1};
  for (size_t i = 0; i < self->stages; i++) {
    double sum = row_product(self, i, ones);
    if (!(fabs(sum - self->c[i]) <= rounding))
      return pf_fail(PFLOW_EINVAL,
                     "%s: c of stage %zu is %.12g, its row of a sums to "
                     "%.12g",
                     name_of(self), i, self->c[i], sum);
  }
  return PFLOW_OK;
}

/* First same as last: the last row of a is b, so that b ends with 0. */
static pflow_err check_fsal(const pflow_ode_tableau *self) {
  if (!self->fsal) return PFLOW_OK;
  size_t last = self->stages - 1;
  if (last == 0) return pf_fail(PFLOW_EINVAL, "%s: fsal with 1 stage", name_of(self));
  for (size_t j = 0; j <= last; j++) {
    double want = j < last ? self->a[last * (last - 1) / 2 + j] : 0.0;
    if (!(self->b[j] == want))
      return pf_fail(PFLOW_EINVAL,
                     "%s: fsal wants b of stage %zu to be %.12g, it is %.12g",
                     name_of(self), j, want, self->b[j]);
  }
  return PFLOW_OK;
}

static pflow_err check_sizes(const pflow_ode_tableau *self) {
  if (self->stages < 1 || self->stages > PFLOW_ODE_MAX_STAGES)
    return pf_fail(PFLOW_EINVAL, "%s: %zu stages, wants 1 to %d", name_of(self),
                   self->stages, PFLOW_ODE_MAX_STAGES);
  int most = (int)self->stages; /* no explicit method has a higher order */
  if (self->order < 1 || self->order > most)
    return pf_fail(PFLOW_EINVAL, "%s: order %d with %d stages", name_of(self),
                   self->order, most);
  int least = self->error ? 1 : 0;
  if (self->error_order < least || self->error_order > least * most)
    return pf_fail(PFLOW_EINVAL, "%s: error_order %d %s error weights", name_of(self),
                   self->error_order, self->error ? "with" : "without");
  return PFLOW_OK;
}

pflow_err pflow_ode_tableau_check(const pflow_ode_tableau *tableau) {
  pf_need(tableau);
  pflow_ode_tableau method = {.struct_size = sizeof method};
  pf_try(pf_config_read(&method, sizeof method, tableau, "pflow_ode_tableau"));
  pf_try(check_sizes(&method));
  pf_need(method.b);
  pf_need(method.c);
  if (method.stages > 1) pf_need(method.a);
  pf_try(check_nodes(&method));
  pf_try(check_fsal(&method));
  pf_try(check_order(&method, method.order, false));
  return method.error ? check_order(&method, method.error_order, true) : PFLOW_OK;
}
