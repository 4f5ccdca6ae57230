/*
 * tableau.c - the built-in Runge-Kutta methods as data.
 */
#include "pflow/ode.h"

static const double zero[] = {0.0};
static const double one[] = {1.0};

static const double midpoint_a[] = {0.5};
static const double midpoint_b[] = {0.0, 1.0};
static const double midpoint_c[] = {0.0, 0.5};

static const double heun_b[] = {0.5, 0.5};
static const double heun_c[] = {0.0, 1.0};

static const double rk4_a[] = {0.5, 0.0, 0.5, 0.0, 0.0, 1.0};
static const double rk4_b[] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
static const double rk4_c[] = {0.0, 0.5, 0.5, 1.0};

static const double bs23_a[] = {1.0 / 2, 0.0, 3.0 / 4, 2.0 / 9, 1.0 / 3, 4.0 / 9};
static const double bs23_b[] = {2.0 / 9, 1.0 / 3, 4.0 / 9, 0.0};
static const double bs23_c[] = {0.0, 1.0 / 2, 3.0 / 4, 1.0};
static const double bs23_error[] = {-5.0 / 72, 1.0 / 12, 1.0 / 9, -1.0 / 8};

/* clang-format off */
static const double dopri5_a[] = {
    1.0 / 5,
    3.0 / 40,       9.0 / 40,
    44.0 / 45,      -56.0 / 15,      32.0 / 9,
    19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729,
    9017.0 / 3168,  -355.0 / 33,     46732.0 / 5247, 49.0 / 176, -5103.0 / 18656,
    35.0 / 384,     0.0,             500.0 / 1113,   125.0 / 192, -2187.0 / 6784,
    11.0 / 84};
/* clang-format on */
static const double dopri5_b[] = {35.0 / 384,     0.0,       500.0 / 1113, 125.0 / 192,
                                  -2187.0 / 6784, 11.0 / 84, 0.0};
static const double dopri5_c[] = {0.0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1.0, 1.0};
static const double dopri5_error[] = {
    71.0 / 57600,      0.0,        -71.0 / 16695, 71.0 / 1920,
    -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

const pflow_ode_tableau *pflow_ode_tableau_get(pflow_ode_method method) {
  static const pflow_ode_tableau methods[] = {
      {sizeof *methods, "euler", 1, 1, 0, 0, NULL, one, zero, NULL},
      {sizeof *methods, "midpoint", 2, 2, 0, 0, midpoint_a, midpoint_b, midpoint_c, NULL},
      {sizeof *methods, "heun", 2, 2, 0, 0, one, heun_b, heun_c, NULL},
      {sizeof *methods, "rk4", 4, 4, 0, 0, rk4_a, rk4_b, rk4_c, NULL},
      {sizeof *methods, "bs23", 4, 3, 2, 1, bs23_a, bs23_b, bs23_c, bs23_error},
      {sizeof *methods, "dopri5", 7, 5, 4, 1, dopri5_a, dopri5_b, dopri5_c, dopri5_error},
  };
  size_t index = (size_t)method;
  return index < sizeof methods / sizeof *methods ? &methods[index] : NULL;
}
