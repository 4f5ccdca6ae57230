#include "support/problems.h"

int bell(const pflow_ode_rows *rows, float *dy, void *user) {
  (void)user;
  for (size_t i = 0; i < rows->n * rows->dim; i++)
    dy[i] = -2.0f * (float)rows->s[i / rows->dim] * rows->y[i] * rows->y[i];
  return 0;
}
