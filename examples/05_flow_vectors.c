/*
 * 05_flow_vectors - the shortest way through the library: fit a field to vectors, move
 * the vectors along it, and see how uniform they became.
 */
#include <stdio.h>

#include "common/must.h"

enum { n = 2000, d = 8 };

static float x[n * d], y[n * (d + 1)];

/* Two tight clusters on the unit sphere: the opposite of uniform. */
static void make_vectors(void) {
  pflow_rng rng;
  pflow_rng_init(&rng, 3, 0);
  pflow_rng_normal(&rng, x, n * d, 0.0, 0.15);
  for (size_t i = 0; i < n; i++)
    x[i * d + i % 2] += 1.0f;
}

static double uniformity(const float *rows) {
  double value;
  must(pflow_uniformity(rows, n, d, NULL, &value));
  return value;
}

/* A network that has learned the field of the vectors, near them and far away. */
static pflow_net *learn_field(void) {
  pflow_net *net;
  pflow_field_fit_config fit;
  must(pflow_field_net_create(&net, d, NULL));
  pflow_field_fit_config_init(&fit);
  must(pflow_perturb_rule_m(1.1, d, 0.01, 0.03, &fit.perturb.m_max));
  fit.gamma = 0.01;
  fit.epochs = 2000;
  must(pflow_field_fit(net, x, n, d, &fit, NULL));
  return net;
}

int main(void) {
  pflow_field *field;
  pflow_clock *clock;
  pflow_clock_stats stats;
  double before, ideal;
  make_vectors();
  before = uniformity(x);
  pflow_net *net = learn_field();
  must(pflow_field_create_net(&field, net));
  must(pflow_clock_create(&clock, field, n, NULL));
  /* From z = 0, until the squared norm has grown by 2 * 100; then z has done its work. */
  must(pflow_points_augment(x, n, d, 0.0, y));
  must(pflow_ode_solve(NULL, pflow_clock_rhs, clock, 0.0, 100.0, y, n, d + 1, NULL));
  must(pflow_points_project(y, n, d, y));
  must(pflow_clock_get_stats(clock, &stats));
  must(pflow_uniformity_ideal(d, 2.0, &ideal));
  printf("uniformity before %.3f, after %.3f, ideal %.3f (%llu sign crossings)\n", before,
         uniformity(y), ideal, (unsigned long long)stats.crossings);
  pflow_clock_destroy(clock);
  pflow_field_destroy(field);
  pflow_net_destroy(net);
  return 0;
}
