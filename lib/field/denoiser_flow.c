/*
 * denoiser_flow.c - the learned field as a right-hand side, with a workspace for each
 * call that may run at the same time.
 */
#include "field/denoiser.h"
#include "field/lender.h"

enum { piece_rows = 128 /* the rows of a solve's block */ };

/* What one call at a time uses. */
typedef struct flow_slot {
  pf_lent lent;
  pflow_denoiser_work *work;
} flow_slot;

struct pflow_denoiser_flow {
  const pflow_denoiser *denoiser;
  size_t slots; /* with a workspace */
  flow_slot *slot;
};

static pflow_err create_slots(pflow_denoiser_flow *flow, size_t count) {
  pf_try(pf_alloc(&flow->slot, count, sizeof *flow->slot));
  for (; flow->slots < count; flow->slots++) {
    flow_slot *slot = &flow->slot[flow->slots];
    pf_try(pflow_denoiser_work_create(&slot->work, flow->denoiser, piece_rows));
    pf_lent_begin(&slot->lent);
  }
  return PFLOW_OK;
}

pflow_err pflow_denoiser_flow_create(pflow_denoiser_flow **flow,
                                     const pflow_denoiser *denoiser, size_t concurrent) {
  pf_need(flow);
  *flow = NULL;
  pf_need(denoiser);
  pf_try(pf_check_setting(concurrent > 0 && concurrent <= PFLOW_MAX_THREADS,
                          "denoiser flow: concurrent", (double)concurrent,
                          "1 to PFLOW_MAX_THREADS"));
  pflow_denoiser_flow *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->denoiser = denoiser;
  pflow_err rc = create_slots(made, concurrent);
  if (rc < 0) {
    pflow_denoiser_flow_destroy(made);
    return rc;
  }
  *flow = made;
  return PFLOW_OK;
}

void pflow_denoiser_flow_destroy(pflow_denoiser_flow *flow) {
  if (!flow) return;
  for (size_t i = 0; i < flow->slots; i++) {
    pflow_denoiser_work_destroy(flow->slot[i].work);
    pf_lent_end(&flow->slot[i].lent);
  }
  pflow_free(flow->slot);
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
  flow_slot *slot = pf_lend(self->slot, self->slots, sizeof *slot);
  pflow_err rc = pf_denoiser_run(self->denoiser, slot->work,
                                 &(pf_denoiser_rows){.x = rows->y,
                                                     .log_height = rows->s,
                                                     .n = rows->n,
                                                     .as_derivative = true,
                                                     .out = dx});
  pf_lend_back(&slot->lent);
  return rc;
}
