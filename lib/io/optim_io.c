/*
 * optim_io.c - optimisers and averages of weights in archives: all that a run needs to go
 * on as if it had not stopped, except the settings given when they were created.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/description.h"

static const char optim_format[] = "pflow.optim";
static const char ema_format[] = "pflow.ema";

/* Name of slot `index` in the archive. */
static pflow_err slot_name(char name[pf_name_max + 1], const char *prefix, size_t index) {
  char slot[32];
  snprintf(slot, sizeof slot, "slot%zu", index);
  return pf_join(name, prefix, slot);
}

static pflow_err put_optim(pflow_archive *archive, const char *prefix,
                           const pflow_optim *optim) {
  size_t size = pflow_optim_size(optim);
  if (!pf_is_utf8(pflow_optim_kind(optim)))
    return pf_fail(PFLOW_EINVAL, "optimiser kind '%s' is not UTF-8",
                   pflow_optim_kind(optim));
  pf_try(pf_describe(archive, prefix, optim_format,
                     json_pack("{s:s, s:I, s:I, s:I, s:o}", "kind",
                               pflow_optim_kind(optim), "size", (json_int_t)size, "slots",
                               (json_int_t)pflow_optim_slots(optim), "steps",
                               (json_int_t)pflow_optim_steps(optim), "lr",
                               pf_json_number(pflow_optim_lr(optim)))));
  for (size_t i = 0; i < pflow_optim_slots(optim); i++) {
    char name[pf_name_max + 1];
    pf_try(slot_name(name, prefix, i));
    const float *values = pflow_optim_slot((pflow_optim *)optim, i);
    pf_try(pflow_archive_put(archive, name, values, &size, 1));
  }
  return PFLOW_OK;
}

pflow_err pflow_archive_put_optim(pflow_archive *archive, const char *prefix,
                                  const pflow_optim *optim) {
  pf_need(archive);
  pf_need(prefix);
  pf_need(optim);
  pf_mark mark = pf_archive_mark(archive);
  return pf_archive_settle(archive, mark, put_optim(archive, prefix, optim));
}

/* Whether a description fits the optimiser; its counters are given out. */
static pflow_err check_optim(size_t *steps, double *lr, const json_t *document,
                             const char *source, const pflow_optim *optim) {
  const char *kind = json_string_value(json_object_get(document, "kind"));
  size_t size, slots;
  pf_try(pf_json_size(&size, document, "size", source));
  pf_try(pf_json_size(&slots, document, "slots", source));
  pf_try(pf_json_size(steps, document, "steps", source));
  pf_try(pf_json_double(lr, document, "lr", source));
  if (!kind || strcmp(kind, pflow_optim_kind(optim)) != 0)
    return pf_fail(PFLOW_EINVAL, "%s: an optimiser of kind '%s', wants '%s'", source,
                   kind ? kind : "", pflow_optim_kind(optim));
  if (size != pflow_optim_size(optim) || slots != pflow_optim_slots(optim))
    return pf_fail(PFLOW_ESHAPE, "%s: %s has %zu slots of %zu values, wants %zu of %zu",
                   source, kind, slots, size, pflow_optim_slots(optim),
                   pflow_optim_size(optim));
  if (!(*lr >= 0 && *lr < INFINITY))
    return pf_fail(PFLOW_EFORMAT, "%s: 'lr' is %g, wants 0 <= lr", source, *lr);
  return PFLOW_OK;
}

static pflow_err find_slots(const pflow_tensor *slots[PFLOW_OPTIM_MAX_SLOTS],
                            const pflow_archive *archive, const char *prefix,
                            const pflow_optim *optim) {
  size_t size = pflow_optim_size(optim);
  for (size_t i = 0; i < pflow_optim_slots(optim); i++) {
    char name[pf_name_max + 1];
    pf_try(slot_name(name, prefix, i));
    pf_try(pf_archive_get_shaped(archive, name, &size, 1, &slots[i]));
  }
  return PFLOW_OK;
}

pflow_err pflow_archive_get_optim(const pflow_archive *archive, const char *prefix,
                                  pflow_optim *optim) {
  pf_need(archive);
  pf_need(prefix);
  pf_need(optim);
  const pflow_tensor *slots[PFLOW_OPTIM_MAX_SLOTS];
  json_t *document;
  size_t steps;
  double lr;
  pf_try(pf_described(&document, archive, prefix, optim_format));
  pflow_err rc = check_optim(&steps, &lr, document, archive->source, optim);
  json_decref(document);
  pf_try(rc);
  pf_try(find_slots(slots, archive, prefix, optim));
  pf_try(pflow_optim_set_steps(optim, steps));
  pf_try(pflow_optim_set_lr(optim, lr));
  for (size_t i = 0; i < pflow_optim_slots(optim); i++)
    memcpy(pflow_optim_slot(optim, i), pflow_tensor_const_values(slots[i]),
           pflow_optim_size(optim) * sizeof(float));
  return PFLOW_OK;
}

pflow_err pflow_archive_put_ema(pflow_archive *archive, const char *prefix,
                                const pflow_ema *ema) {
  pf_need(archive);
  pf_need(prefix);
  pf_need(ema);
  char name[pf_name_max + 1];
  size_t size = pflow_ema_size(ema);
  pf_mark mark = pf_archive_mark(archive);
  pf_try(pf_join(name, prefix, "average"));
  pflow_err rc =
      pf_describe(archive, prefix, ema_format,
                  json_pack("{s:I}", "updates", (json_int_t)pflow_ema_updates(ema)));
  if (rc >= 0)
    rc = pflow_archive_put(archive, name, pflow_ema_values((pflow_ema *)ema), &size, 1);
  return pf_archive_settle(archive, mark, rc);
}

pflow_err pflow_archive_get_ema(const pflow_archive *archive, const char *prefix,
                                pflow_ema *ema) {
  pf_need(archive);
  pf_need(prefix);
  pf_need(ema);
  char name[pf_name_max + 1];
  size_t size = pflow_ema_size(ema), updates;
  const pflow_tensor *values;
  json_t *document;
  pf_try(pf_join(name, prefix, "average"));
  pf_try(pf_described(&document, archive, prefix, ema_format));
  pflow_err rc = pf_json_size(&updates, document, "updates", archive->source);
  json_decref(document);
  pf_try(rc);
  pf_try(pf_archive_get_shaped(archive, name, &size, 1, &values));
  pf_try(pflow_ema_set_updates(ema, updates));
  memcpy(pflow_ema_values(ema), pflow_tensor_const_values(values), size * sizeof(float));
  return PFLOW_OK;
}
