/*
 * optim.c - the optimiser object: a class, its slots and the count of steps.
 */
#include "pflow/optim.h"

#include <inttypes.h>
#include <math.h>

#include "base/base.h"

struct pflow_optim {
  pflow_optim_class type;
  void *self;
  size_t size;
  double lr;
  uint64_t steps;
  float *slot[PFLOW_OPTIM_MAX_SLOTS];
};

/* Past this a counter is surely damaged; below it, steps + 1 cannot wrap. */
static const uint64_t max_steps = UINT64_MAX / 2;

static pflow_err check_lr(double lr) {
  return pf_check_setting(lr >= 0.0 && lr < INFINITY, "lr", lr, "0 <= lr < infinity");
}

static pflow_err check_class(const pflow_optim_class *type) {
  pf_need(type->kind);
  pf_need(type->step);
  if (type->slots > PFLOW_OPTIM_MAX_SLOTS)
    return pf_fail(PFLOW_EINVAL, "%s: slots is %zu, at most %d", type->kind, type->slots,
                   PFLOW_OPTIM_MAX_SLOTS);
  return PFLOW_OK;
}

static pflow_err build(pflow_optim *made, size_t size, double lr) {
  if (size == 0) return pf_fail(PFLOW_EINVAL, "%s: size is 0", made->type.kind);
  pf_try(check_lr(lr));
  made->size = size;
  made->lr = lr;
  for (size_t i = 0; i < made->type.slots; i++)
    pf_try(pf_alloc(&made->slot[i], size, sizeof(float)));
  return PFLOW_OK;
}

static pflow_err create(pflow_optim **optim, size_t size, double lr,
                        const pflow_optim_class *type) {
  pf_need(optim);
  pf_try(check_class(type));
  pflow_optim *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->type = *type;
  pflow_err rc = build(made, size, lr);
  if (rc < 0) {
    made->type.destroy = NULL; /* the caller of create still owns self */
    pflow_optim_destroy(made);
    return rc;
  }
  *optim = made;
  return PFLOW_OK;
}

pflow_err pflow_optim_create(pflow_optim **optim, size_t size, double lr,
                             const pflow_optim_class *optim_class, void *self) {
  if (optim) *optim = NULL;
  pf_need(optim_class);
  pflow_optim_class type = {.struct_size = sizeof type};
  pf_try(pf_config_read(&type, sizeof type, optim_class, "pflow_optim_class"));
  pflow_err rc = create(optim, size, lr, &type);
  if (rc == PFLOW_OK)
    (*optim)->self = self;
  else if (type.destroy)
    type.destroy(self);
  return rc;
}

void pflow_optim_destroy(pflow_optim *optim) {
  if (!optim) return;
  for (size_t i = 0; i < optim->type.slots; i++)
    pflow_free(optim->slot[i]);
  if (optim->type.destroy) optim->type.destroy(optim->self);
  pflow_free(optim);
}

/* Runs the class's step; a sentence that it leaves behind when it fails is carried on. */
static pflow_err run_step(const pflow_optim *optim, const pflow_optim_step_args *args) {
  char kept[pf_message_size];
  pf_message_get(kept);
  pf_callback_begin();
  pflow_err rc = optim->type.step(args, optim->self);
  if (rc >= 0) {
    pf_message_set(kept);
    return PFLOW_OK;
  }
  const char *own = pflow_errmsg();
  return pf_fail(rc, "%s: step %" PRIu64 " returned %d%s%s", optim->type.kind, args->step,
                 rc, *own ? ": " : "", own);
}

pflow_err pflow_optim_step(pflow_optim *optim, float *params, const float *grads) {
  pf_need(optim);
  pf_need(params);
  pf_need(grads);
  pflow_optim_step_args args = {.size = optim->size,
                                .params = params,
                                .grads = grads,
                                .lr = optim->lr,
                                .step = optim->steps + 1};
  memcpy(args.slot, optim->slot, sizeof args.slot);
  pf_try(run_step(optim, &args));
  optim->steps++;
  return PFLOW_OK;
}

pflow_err pflow_optim_set_lr(pflow_optim *optim, double lr) {
  pf_need(optim);
  pf_try(check_lr(lr));
  optim->lr = lr;
  return PFLOW_OK;
}

pflow_err pflow_optim_set_steps(pflow_optim *optim, uint64_t steps) {
  pf_need(optim);
  if (steps > max_steps)
    return pf_fail(PFLOW_EINVAL, "steps is %" PRIu64 ", at most %" PRIu64, steps,
                   max_steps);
  optim->steps = steps;
  return PFLOW_OK;
}

double pflow_optim_lr(const pflow_optim *optim) {
  return optim ? optim->lr : 0.0;
}

const char *pflow_optim_kind(const pflow_optim *optim) {
  return optim ? optim->type.kind : NULL;
}

uint64_t pflow_optim_steps(const pflow_optim *optim) {
  return optim ? optim->steps : 0;
}

size_t pflow_optim_size(const pflow_optim *optim) {
  return optim ? optim->size : 0;
}

size_t pflow_optim_slots(const pflow_optim *optim) {
  return optim ? optim->type.slots : 0;
}

float *pflow_optim_slot(pflow_optim *optim, size_t index) {
  return optim && index < optim->type.slots ? optim->slot[index] : NULL;
}
