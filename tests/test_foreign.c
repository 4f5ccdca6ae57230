/*
 * test_foreign.c - the experiment's scores of foreign rows, each against its definition.
 */
#include <math.h>

#include "experiment/density.h"
#include "experiment/foreign.h"
#include "support/suite.h"
#include "support/values.h"

enum { dim = 5, sources = 40, queries = 7 };

/* ---- the area ---- */

/* 0.5 equals one of the foreign rows' scores. */
START_TEST(area_counts_pairs) {
  const double ours[] = {0.1, 0.5, 3.0};
  double theirs[] = {2.0, 0.5, 0.2, 1.0}, shares[3];
  const double area = foreign_auroc(ours, 3, theirs, 4, shares);
  ck_assert(shares[0] == 1.0 && shares[1] == 2.5 / 4 && shares[2] == 0.0);
  ck_assert(fabs(area - (1.0 + 2.5 / 4) / 3) < 1e-15);
}
END_TEST

START_TEST(area_of_noise_by_brute_force) {
  enum { n = 50, m = 30 };
  float *noise = normal_values(n + m, 1);
  double ours[n], theirs[m], shares[n], sum = 0.0;
  for (size_t i = 0; i < n; i++)
    ours[i] = round(4.0 * noise[i]);
  for (size_t j = 0; j < m; j++)
    theirs[j] = round(4.0 * noise[n + j] + 2.0);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < m; j++)
      sum += theirs[j] > ours[i] ? 1.0 : theirs[j] == ours[i] ? 0.5 : 0.0;
  ck_assert(fabs(foreign_auroc(ours, n, theirs, m, shares) - sum / (n * m)) < 1e-14);
  pflow_free(noise);
}
END_TEST

/* ---- the density ---- */

/* The formula of density.h as it stands there. */
static double plain_score(const float *known, const float *u, double r0, double aug_dim) {
  double sum = 0.0;
  for (size_t j = 0; j < sources; j++) {
    double squared = r0 * r0;
    for (size_t k = 0; k < dim; k++)
      squared += pow((double)u[k] - known[j * dim + k], 2.0);
    sum += pow(squared, -(dim + aug_dim) / 2.0) / sources;
  }
  return -log(sum);
}

START_TEST(density_is_its_formula) {
  static const double aug_dims[] = {1.0, 16.0, 128.0};
  float *known = normal_values(sources * dim, 2), *u = normal_values(queries * dim, 3);
  const pflow_features all = {known, sources, dim}, asked = {u, queries, dim};
  double got[queries];
  for (size_t a = 0; a < 3; a++) {
    density_scores(&all, &asked, 0.7, aug_dims[a], got, NULL);
    for (size_t i = 0; i < queries; i++) {
      const double wanted = plain_score(known, u + i * dim, 0.7, aug_dims[a]);
      ck_assert_msg(fabs(got[i] - wanted) < 1e-9 * fabs(wanted) + 1e-9,
                    "D %g, row %zu: %.12g, wants %.12g", aug_dims[a], i, got[i], wanted);
    }
  }
  pflow_free(u);
  pflow_free(known);
}
END_TEST

/* Where every power of a plain sum is 0 in double. */
START_TEST(density_far_away_is_finite) {
  float known[sources * dim] = {0}, u[dim] = {1e6f, 0, 0, 0, 0};
  const pflow_features all = {known, sources, dim}, asked = {u, 1, dim};
  double got;
  density_scores(&all, &asked, 0.1, 1024.0, &got, NULL);
  ck_assert(fabs(got / ((dim + 1024.0) * log(1e6)) - 1.0) < 1e-9);
}
END_TEST

int main(void) {
  return run_tests("foreign", TESTS(area_counts_pairs, area_of_noise_by_brute_force,
                                    density_is_its_formula, density_far_away_is_finite));
}
