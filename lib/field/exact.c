/*
 * exact.c - the exact field's object: a copy of the sources and room to evaluate them.
 *
 * The copy is moved and scaled so that sums keep their digits and squares stay in a
 * float's range, but only as far as no source is rounded by it: a coordinate whose values
 * lie within a factor of two has its middle taken off, and the unit is a power of two.
 */
#include "field/exact.h"

#include <math.h>
#include <string.h>

#include "pflow/tensor.h"

/* Weights below this share of the nearest source's are left out. */
static const double negligible = 0x1p-31;

/* ---- slots ---- */

pf_exact_slot *pf_exact_try_slot(const pflow_exact *exact) {
  for (size_t i = 0; i < exact->slots; i++)
    if (!atomic_exchange(&exact->slot[i].taken, true)) return &exact->slot[i];
  return NULL;
}

/* Whoever holds a slot goes on without waiting for another, so one comes free. */
pf_exact_slot *pf_exact_wait_slot(const pflow_exact *exact) {
  pflow_exact *own = (pflow_exact *)exact; /* these objects are never const */
  pf_exact_slot *slot = pf_exact_try_slot(exact);
  if (slot) return slot;
  pthread_mutex_lock(&own->lock);
  atomic_fetch_add(&own->waiting, 1);
  while (!(slot = pf_exact_try_slot(exact)))
    pthread_cond_wait(&own->freed, &own->lock);
  atomic_fetch_sub(&own->waiting, 1);
  pthread_mutex_unlock(&own->lock);
  return slot;
}

/* Either this sees who waits, or they, counted before they look, see the slot. */
void pf_exact_release_slot(const pflow_exact *exact, pf_exact_slot *slot) {
  pflow_exact *own = (pflow_exact *)exact;
  atomic_store(&slot->taken, false);
  if (atomic_load(&own->waiting) == 0) return;
  pthread_mutex_lock(&own->lock);
  pthread_cond_signal(&own->freed);
  pthread_mutex_unlock(&own->lock);
}

static pflow_err make_slots(pflow_exact *exact) {
  size_t tile, floats;
  const size_t threads = pflow_pool_threads(exact->pool);
  exact->slots = threads < 2 ? 4 : 2 * threads;
  pf_try(pf_mul(&tile, exact->dim, pf_exact_tile, "exact field: scratch"));
  pf_try(pf_mul(&floats, tile, 4 * exact->slots, "exact field: scratch"));
  pf_try(pf_alloc(&exact->slot, exact->slots, sizeof *exact->slot));
  pf_try(pf_alloc(&exact->scratch, floats, sizeof *exact->scratch));
  for (size_t i = 0; i < exact->slots; i++) {
    float *at = exact->scratch + 4 * tile * i;
    exact->slot[i].x = at;
    exact->slot[i].sum = at + tile;
    exact->slot[i].total = (double *)(void *)(at + 2 * tile);
  }
  return PFLOW_OK;
}

/* ---- the copy of the sources ---- */

/* The middle of values within a factor of two: taking it off is exact. Or else 0. */
static float safe_center(float low, float high) {
  const bool close = low > 0.0f ? high <= 2.0f * low : high < 0.0f && low >= 2.0f * high;
  return close ? (float)(0.5 * ((double)low + high)) : 0.0f;
}

/* Low and high values are kept where evaluations will put their sums. */
static void find_center(pflow_exact *exact, const float *x) {
  const size_t dim = exact->dim;
  float *low = exact->scratch, *high = low + dim;
  memcpy(low, x, dim * sizeof *low);
  memcpy(high, x, dim * sizeof *high);
  for (size_t j = 1; j < exact->n; j++) {
    const float *row = x + j * dim;
    for (size_t k = 0; k < dim; k++) {
      low[k] = row[k] < low[k] ? row[k] : low[k];
      high[k] = row[k] > high[k] ? row[k] : high[k];
    }
  }
  for (size_t k = 0; k < dim; k++)
    exact->center[k] = safe_center(low[k], high[k]);
}

static float largest(const float *values, size_t n) {
  float most = 0.0f;
  for (size_t i = 0; i < n; i++)
    most = fabsf(values[i]) > most ? fabsf(values[i]) : most;
  return most;
}

static void copy_sources(pflow_exact *exact, const float *x) {
  float most = 0.0f;
  int power;
  for (size_t j = 0; j < exact->n; j++) {
    float *to = exact->source + j * exact->stride;
    for (size_t k = 0; k < exact->dim; k++)
      to[k] = x[j * exact->dim + k] - exact->center[k];
    most = fmaxf(most, largest(to, exact->dim));
  }
  if (most == 0.0f) most = largest(exact->center, exact->dim);
  frexp(most, &power);
  exact->unit = ldexp(1.0, power);
  const double scale = 1.0 / exact->unit;
  for (size_t i = 0; i < exact->n * exact->stride; i++)
    exact->source[i] = (float)(exact->source[i] * scale);
}

/*
 * Rows a multiple of the page apart fall into the same few sets of a cache: wide rows are
 * put an odd number of lines apart.
 */
static pflow_err row_stride(size_t *stride, size_t dim) {
  const size_t line = PFLOW_ALIGNMENT / sizeof(float);
  *stride = dim;
  if (dim < 512) return PFLOW_OK;
  pf_try(pf_add(stride, dim, 2 * line, "exact field: a source"));
  const size_t lines = (dim + line - 1) / line;
  *stride = (lines | 1) * line;
  return PFLOW_OK;
}

/* ---- the object ---- */

static pflow_err read_config(pflow_exact_config *full, const pflow_exact_config *given) {
  pflow_exact_config_init(full);
  pf_try(pf_config_read(full, sizeof *full, given, "pflow_exact_config"));
  return pf_check_setting(full->aug_dim >= 1.0 && full->aug_dim <= 1e30,
                          "exact field: aug_dim", full->aug_dim, "1 to 1e30");
}

static pflow_err allocate(pflow_exact *exact) {
  size_t floats;
  pf_try(row_stride(&exact->stride, exact->dim));
  pf_try(pf_mul(&floats, exact->n, exact->stride, "exact field: sources"));
  pf_try(pf_alloc(&exact->source, floats, sizeof *exact->source));
  pf_try(pf_alloc(&exact->center, exact->dim, sizeof *exact->center));
  return make_slots(exact);
}

static pflow_err check_sources(const pflow_sources *sources) {
  size_t size;
  if (sources->n == 0 || sources->dim == 0)
    return pf_fail(PFLOW_EINVAL, "exact field: %zu sources of %zu values", sources->n,
                   sources->dim);
  pf_try(pf_mul(&size, sources->n, sources->dim, "exact field: sources"));
  pf_try(pf_mul(&size, size, sizeof(float), "exact field: sources"));
  return pflow_check_finite(sources->x, sources->n, sources->dim, "exact field: sources");
}

pflow_err pflow_exact_create(pflow_exact **exact, const pflow_sources *sources,
                             const pflow_exact_config *config) {
  pf_need(exact);
  *exact = NULL;
  pf_need(sources);
  pf_need(sources->x);
  pflow_exact_config full;
  pf_try(read_config(&full, config));
  pf_try(check_sources(sources));
  pflow_exact *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  pthread_mutex_init(&made->lock, NULL);
  pthread_cond_init(&made->freed, NULL);
  made->n = sources->n;
  made->dim = sources->dim;
  made->pool = full.pool;
  made->kernels = &pf_kernels_get()->exact;
  made->power = 0.5 * ((double)sources->dim + full.aug_dim);
  made->reach = expm1(-log(negligible) / made->power);
  pflow_err rc = allocate(made);
  if (rc < 0) {
    pflow_exact_destroy(made);
    return rc;
  }
  find_center(made, sources->x);
  copy_sources(made, sources->x);
  *exact = made;
  return PFLOW_OK;
}

void pflow_exact_destroy(pflow_exact *exact) {
  if (!exact) return;
  pthread_cond_destroy(&exact->freed);
  pthread_mutex_destroy(&exact->lock);
  pflow_free(exact->scratch);
  pflow_free(exact->slot);
  pflow_free(exact->center);
  pflow_free(exact->source);
  pflow_free(exact);
}

/* ---- calls ---- */

pflow_err pflow_exact_mean(const pflow_exact *exact, const pflow_exact_queries *queries,
                           float *xhat) {
  pf_need(exact);
  pf_need(queries);
  pf_need(queries->x);
  pf_need(queries->r);
  pf_need(xhat);
  for (size_t i = 0; i < queries->n; i++)
    if (!(queries->r[i] > 0.0 && queries->r[i] < INFINITY))
      return pf_fail(PFLOW_EINVAL, "exact field: the height of row %zu is %g", i,
                     queries->r[i]);
  return pf_exact_run(&(pf_exact_job){.exact = exact,
                                      .x = queries->x,
                                      .height = queries->r,
                                      .leave_out = queries->leave_out,
                                      .n = queries->n,
                                      .out = xhat});
}

int pflow_exact_rhs(const pflow_ode_rows *rows, float *dx, void *flow) {
  const pflow_exact_flow *of = flow;
  pf_need(rows);
  pf_need(dx);
  pf_need(of);
  pf_need(of->exact);
  if (rows->dim != of->exact->dim)
    return pf_fail(PFLOW_ESHAPE, "exact field: rows of %zu values, sources of %zu",
                   rows->dim, of->exact->dim);
  return pf_exact_run(&(pf_exact_job){.exact = of->exact,
                                      .x = rows->y,
                                      .log_height = rows->s,
                                      .leave_out = of->leave_out,
                                      .row = rows->row,
                                      .n = rows->n,
                                      .as_derivative = true,
                                      .out = dx});
}
