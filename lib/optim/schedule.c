/*
 * schedule.c - the learning rate as a function of the step.
 */
#include <inttypes.h>
#include <math.h>

#include "base/base.h"
#include "pflow/optim.h"

static const double pi = 3.14159265358979323846;

static pflow_err check_schedule(const pflow_schedule *schedule) {
  const double gamma = schedule->gamma;
  pf_try(pf_check_setting(schedule->lr >= 0.0 && schedule->lr < INFINITY, "lr",
                          schedule->lr, "0 <= lr < infinity"));
  switch (schedule->kind) {
  case PFLOW_SCHEDULE_CONSTANT:
    return PFLOW_OK;
  case PFLOW_SCHEDULE_STEP:
    pf_try(
        pf_check_setting(gamma > 0.0 && gamma <= 1.0, "gamma", gamma, "0 < gamma <= 1"));
    return pf_check_setting(schedule->period > 0, "period", 0.0, "period > 0");
  case PFLOW_SCHEDULE_COSINE:
    pf_try(pf_check_setting(schedule->min_lr >= 0.0 && schedule->min_lr < INFINITY,
                            "min_lr", schedule->min_lr, "0 <= min_lr < infinity"));
    if (schedule->total > schedule->warmup) return PFLOW_OK;
    return pf_fail(PFLOW_EINVAL,
                   "total is %" PRIu64 ", wants more than the warm-up's %" PRIu64,
                   schedule->total, schedule->warmup);
  }
  return pf_fail(PFLOW_EINVAL, "kind is %d, wants a pflow_schedule_kind",
                 (int)schedule->kind);
}

static double cosine_rate(const pflow_schedule *schedule, uint64_t step) {
  if (step >= schedule->total) return schedule->min_lr;
  double done = (double)(step - schedule->warmup);
  double all = (double)(schedule->total - schedule->warmup);
  double weight = 0.5 * (1.0 + cos(pi * done / all));
  return schedule->min_lr + (schedule->lr - schedule->min_lr) * weight;
}

static double rate(const pflow_schedule *schedule, uint64_t step) {
  if (step < schedule->warmup)
    return schedule->lr * ((double)step + 1.0) / (double)schedule->warmup;
  if (schedule->kind == PFLOW_SCHEDULE_STEP) {
    uint64_t drops = (step - schedule->warmup) / schedule->period;
    return schedule->lr * pow(schedule->gamma, (double)drops);
  }
  if (schedule->kind == PFLOW_SCHEDULE_COSINE) return cosine_rate(schedule, step);
  return schedule->lr;
}

pflow_err pflow_schedule_lr(const pflow_schedule *schedule, uint64_t step, double *lr) {
  pf_need(schedule);
  pf_need(lr);
  pflow_schedule full;
  pflow_schedule_init(&full);
  pf_try(pf_config_read(&full, sizeof full, schedule, "pflow_schedule"));
  pf_try(check_schedule(&full));
  *lr = rate(&full, step);
  return PFLOW_OK;
}
