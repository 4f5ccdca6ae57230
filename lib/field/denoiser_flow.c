/*
 * denoiser_flow.c - the learned field as a right-hand side, with a workspace for each
 * call that may run at the same time.
 */
#include "field/denoiser.h"
#include "field/lender.h"

enum { piece_rows = 128 /* the rows of a solve's block */ };

struct pflow_denoiser_flow {
  const pflow_denoiser *denoiser;
  size_t works;
  pf_lender lender;
  void *work[]; /* pflow_denoiser_work */
};

pflow_err pflow_denoiser_flow_create(pflow_denoiser_flow **flow,
                                     const pflow_denoiser *denoiser, size_t concurrent) {
  pf_need(flow);
  *flow = NULL;
  pf_need(denoiser);
  pf_try(pf_check_setting(concurrent > 0 && concurrent <= PFLOW_MAX_THREADS,
                          "denoiser flow: concurrent", (double)concurrent,
                          "1 to PFLOW_MAX_THREADS"));
  pflow_denoiser_flow *made;
  pf_try(pf_alloc(&made, 1, sizeof *made + concurrent * sizeof *made->work));
  made->denoiser = denoiser;
  pflow_err rc = PFLOW_OK;
  while (rc >= 0 && made->works < concurrent) {
    pflow_denoiser_work *work;
    rc = pflow_denoiser_work_create(&work, denoiser, piece_rows);
    if (rc >= 0) made->work[made->works++] = work;
  }
  pf_lender_begin(&made->lender, made->work, made->works);
  if (rc < 0) {
    pflow_denoiser_flow_destroy(made);
    return rc;
  }
  *flow = made;
  return PFLOW_OK;
}

void pflow_denoiser_flow_destroy(pflow_denoiser_flow *flow) {
  if (!flow) return;
  pf_lender_end(&flow->lender);
  for (size_t i = 0; i < flow->works; i++)
    pflow_denoiser_work_destroy(flow->work[i]);
  pflow_free(flow);
}

int pflow_denoiser_rhs(const pflow_ode_rows *rows, float *dx, void *flow) {
  pflow_denoiser_flow *self = flow;
  pf_need(rows);
  pf_need(dx);
  pf_need(self);
  if (rows->dim != self->denoiser->dim)
    return pf_fail(PFLOW_ESHAPE, "denoiser: rows of %zu values, made for %zu", rows->dim,
                   self->denoiser->dim);
  pflow_denoiser_work *work = pf_lender_take(&self->lender);
  pflow_err rc = pf_denoiser_run(self->denoiser, work,
                                 &(pf_denoiser_rows){.x = rows->y,
                                                     .log_height = rows->s,
                                                     .n = rows->n,
                                                     .as_derivative = true,
                                                     .out = dx});
  pf_lender_give(&self->lender, work);
  return rc;
}
