/*
 * kernel.c - rows scattered to a height (Xu et al. 2023, section 3.2, there by a Beta
 * variable; here as Student's t, which is the same law with one draw less).
 */
#include "field/kernel.h"

#include <math.h>

#include "kernels/table.h"

enum {
  row_grain = 16,   /* rows of one piece of parallel work */
  gamma_words = 512 /* of a row: no row needs more, as 1 draw of 20 is refused at most */
};

/* From this D on chi^2 / D is 1 to the rounding of a float. */
static const double all_but_normal = 1e12;

/* Words of a row: its normals in whole blocks of the generator, then the gamma variable.
 */
static uint64_t row_words(size_t dim) {
  return gamma_words + (((uint64_t)dim + 3) & ~UINT64_C(3));
}

/* Gamma of shape a >= 1/2 (Marsaglia and Tsang 2000; below 1 by that of a + 1). */
static double draw_gamma(pflow_rng *rng, double a) {
  const double shrink = a < 1.0 ? pow(1.0 - pflow_rng_double(rng), 1.0 / a) : 1.0;
  const double d = (a < 1.0 ? a + 1.0 : a) - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
  for (;;) {
    float normal;
    pflow_rng_normal(rng, &normal, 1, 0.0, 1.0);
    const double z = normal, t = 1.0 + c * z, v = t * t * t;
    const double u = 1.0 - pflow_rng_double(rng);
    if (t > 0.0 && log(u) < 0.5 * z * z + d * (1.0 - v + log(v))) return shrink * d * v;
  }
}

/* The width of the normal noise of a row: r / sqrt(chi^2(D)). */
static double draw_width(pflow_rng *rng, double aug_dim, double r) {
  if (aug_dim >= all_but_normal) return r / sqrt(aug_dim);
  return r / sqrt(2.0 * draw_gamma(rng, 0.5 * aug_dim));
}

void pf_kernel_row(const pf_kernel_law *law, uint64_t row, const float *s, double r,
                   float *x) {
  pflow_rng rng = law->rng, gamma;
  rng.position += row * row_words(law->dim);
  gamma = rng;
  gamma.position += row_words(law->dim) - gamma_words;
  const double width = draw_width(&gamma, law->aug_dim, r);
  float piece[256];
  const size_t size = sizeof piece / sizeof *piece;
  for (size_t k = 0; k < law->dim; k += size) {
    const size_t count = law->dim - k < size ? law->dim - k : size;
    pf_kernels_get()->normal.draw(&rng, piece, count);
    rng.position += count;
    for (size_t i = 0; i < count; i++)
      x[k + i] = (float)((s ? s[k + i] : 0.0f) + width * piece[i]);
  }
}

typedef struct draw_job {
  const pflow_kernel_rows *rows;
  pf_kernel_law law;
  float *x;
} draw_job;

static int draw_rows(size_t begin, size_t end, void *user) {
  const draw_job *job = user;
  const pflow_kernel_rows *rows = job->rows;
  for (size_t i = begin; i < end; i++)
    pf_kernel_row(&job->law, i, rows->s ? rows->s + i * rows->dim : NULL, rows->r[i],
                  job->x + i * rows->dim);
  return 0;
}

pflow_err pf_check_heights(const double *r, size_t n, const char *what) {
  for (size_t i = 0; i < n; i++)
    if (!(r[i] > 0.0 && r[i] < INFINITY))
      return pf_fail(PFLOW_EINVAL, "%s: the height of row %zu is %g", what, i, r[i]);
  return PFLOW_OK;
}

pflow_err pflow_kernel_draw(const pflow_kernel_rows *rows, pflow_rng *rng, float *x,
                            pflow_pool *pool) {
  size_t size;
  pf_need(rows);
  pf_need(rows->r);
  pf_need(rng);
  pf_need(x);
  if (rows->n == 0 || rows->dim == 0)
    return pf_fail(PFLOW_EINVAL, "kernel: %zu rows of %zu values", rows->n, rows->dim);
  pf_try(pf_mul(&size, rows->n, rows->dim, "kernel"));
  pf_try(pf_mul(&size, size, sizeof(float), "kernel"));
  pf_try(pf_check_setting(rows->aug_dim >= 1.0 && rows->aug_dim <= 1e30,
                          "kernel: aug_dim", rows->aug_dim, "1 to 1e30"));
  pf_try(pf_check_heights(rows->r, rows->n, "kernel"));
  draw_job job = {rows, {*rng, rows->dim, rows->aug_dim}, x};
  pf_try(pflow_parallel_for(pool, rows->n, row_grain, draw_rows, &job));
  rng->position += rows->n * row_words(rows->dim);
  return PFLOW_OK;
}
