/*
 * 04_ode_methods - every integrator on a problem with a known solution.
 *
 * The field of one charge at the origin pulls along the radius, so under the radial clock
 * y(s) = y(0) sqrt(1 + 2 s / ||y(0)||^2) exactly.
 */
#include <math.h>
#include <stdio.h>

#include "common/must.h"

enum { dim = 3 };

static const float start[dim] = {0.3f, -0.2f, 0.1f};

/* The solver's largest error at s = 1, and what it cost. */
static double solve(pflow_ode_config *config, const pflow_field *field,
                    pflow_ode_stats *stats) {
  float y[dim] = {start[0], start[1], start[2]};
  double norm2 = 0.0, error = 0.0;
  pflow_clock *clock;
  must(pflow_clock_create(&clock, field, 1, NULL));
  must(pflow_ode_solve(config, pflow_clock_rhs, clock, 0.0, 1.0, y, 1, dim, stats));
  pflow_clock_destroy(clock);
  for (size_t k = 0; k < dim; k++)
    norm2 += (double)start[k] * start[k];
  for (size_t k = 0; k < dim; k++)
    error = fmax(error, fabs(y[k] - start[k] * sqrt(1.0 + 2.0 / norm2)));
  return error;
}

static void fixed_steps(const pflow_field *field) {
  static const pflow_ode_method methods[] = {PFLOW_ODE_EULER, PFLOW_ODE_MIDPOINT,
                                             PFLOW_ODE_HEUN, PFLOW_ODE_RK4,
                                             PFLOW_ODE_DOPRI5};
  printf("largest error with fixed steps\n%-10s %10s %10s %10s\n", "method", "10 steps",
         "20 steps", "40 steps");
  for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
    printf("%-10s", pflow_ode_tableau_get(methods[m])->name);
    for (size_t steps = 10; steps <= 40; steps *= 2) {
      pflow_ode_config config;
      pflow_ode_config_init(&config);
      config.method = methods[m];
      config.adaptive = 0;
      config.steps = steps;
      printf(" %10.2e", solve(&config, field, NULL));
    }
    printf("\n");
  }
}

static void adaptive_steps(const pflow_field *field) {
  printf("\nadaptive steps\n%-10s %10s %10s %8s %8s %12s\n", "method", "rtol", "error",
         "steps", "rejected", "evaluations");
  for (int m = PFLOW_ODE_BS23; m <= PFLOW_ODE_DOPRI5; m++) {
    for (double rtol = 1e-2; rtol > 1e-6; rtol /= 100) {
      pflow_ode_config config;
      pflow_ode_stats stats;
      pflow_ode_config_init(&config);
      config.method = (pflow_ode_method)m;
      config.rtol = rtol;
      double error = solve(&config, field, &stats);
      printf("%-10s %10.0e %10.2e %8llu %8llu %12llu\n",
             pflow_ode_tableau_get(config.method)->name, rtol, error,
             (unsigned long long)stats.accepted, (unsigned long long)stats.rejected,
             (unsigned long long)stats.evaluations);
    }
  }
}

int main(void) {
  static const float origin[dim - 1] = {0};
  pflow_field *field;
  must(pflow_field_create_sources(&field, &(pflow_sources){origin, 1, dim - 1}, NULL));
  fixed_steps(field);
  adaptive_steps(field);
  pflow_field_destroy(field);
  return 0;
}
