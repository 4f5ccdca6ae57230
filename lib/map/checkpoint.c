#include "map/checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/checksum.h"
#include "io/description.h"

static const char format[] = "pflow.map.checkpoint", prefix[] = "denoiser.";
static const char checksum_key[] = "pflow.map.checkpoint.crc32";

/* A number in the fewest digits that give it back. */
typedef struct number {
  char text[32];
} number;

static number number_of(double value) {
  number made;
  snprintf(made.text, sizeof made.text, "%.15g", value);
  if (strtod(made.text, NULL) != value)
    snprintf(made.text, sizeof made.text, "%.17g", value);
  return made;
}

/* All that the work done depends on besides the rows. */
static pflow_err write_settings(char text[pf_settings_size], const pflow_map *map) {
  const pflow_map_config *c = &map->config;
  pflow_denoiser_config d;
  pf_try(pf_poisson_network_config(map, &d));
  const int length = snprintf(
      text, pf_settings_size,
      "field=%s target=%s objective=%s dims=%zu aug_dim=%s start=%s strength=%s "
      "rtol=%s seed=%" PRIu64 " width=%zu layers=%zu steps=%zu batch=%zu lr=%s "
      "ema_decay=%s",
      pflow_map_field_name(c->field), pflow_map_target_name(c->target),
      pflow_map_objective_name(c->objective), c->dims, number_of(c->aug_dim).text,
      number_of(c->start).text, number_of(c->strength).text, number_of(c->rtol).text,
      c->seed, d.width, d.layers, d.steps, d.batch, number_of(d.lr).text,
      number_of(d.ema_decay).text);
  /* So many values are more than the C library formats without memory of its own. */
  if (length < 0) return pf_fail(PFLOW_ENOMEM, "no memory for a checkpoint's settings");
  return PFLOW_OK;
}

/* ---- writing ---- */

/* A trial as the floor and a list of numbers for each strength. */
static json_t *trial_json(const pf_trial_scores *scores) {
  json_t *list = json_pack("[f]", scores->floor);
  for (size_t i = 0; list && i < pf_trial_strengths; i++) {
    const pf_trial_score *at = &scores->at[i];
    if (json_array_append_new(list,
                              json_pack("[b, f, f, f, f]", (int)at->valid, at->score,
                                        at->uniformity, at->ideal, at->kept))) {
      json_decref(list);
      return NULL;
    }
  }
  return list;
}

static json_t *describe(const pf_checkpoint *self) {
  json_t *trials = json_array();
  for (size_t i = 0; trials && i < self->done; i++)
    if (json_array_append_new(trials, trial_json(&self->scores[i]))) {
      json_decref(trials);
      return NULL;
    }
  return json_pack("{s:s, s:s, s:s, s:o}", "settings", self->settings, "rows", self->rows,
                   "labels", self->labels, "trials", trials);
}

static pflow_err write_file(const pf_checkpoint *self, const pflow_denoiser *denoiser) {
  pflow_archive *archive;
  pf_try(pflow_archive_create(&archive));
  pflow_err rc = pf_describe(archive, "", format, describe(self));
  if (rc >= 0 && denoiser && pflow_denoiser_steps(denoiser) > 0)
    rc = pflow_archive_put_denoiser(archive, prefix, denoiser, 1);
  if (rc >= 0) rc = pf_checksum_put(archive, checksum_key);
  if (rc >= 0) rc = pflow_archive_save(archive, self->path);
  pflow_archive_destroy(archive);
  return rc;
}

pflow_err pf_checkpoint_write(pf_checkpoint *checkpoint, const pflow_denoiser *denoiser,
                              pflow_err rc) {
  const double now = pf_seconds();
  if (!checkpoint->path || rc < 0) return rc;
  if (rc == PFLOW_OK && now - checkpoint->written < checkpoint->pause) return rc;
  checkpoint->written = now;
  const pflow_err written = write_file(checkpoint, denoiser);
  return written < 0 ? written : rc;
}

pflow_err pf_checkpoint_keep(pf_checkpoint *checkpoint) {
  if (!checkpoint->path) return PFLOW_OK;
  checkpoint->written = pf_seconds();
  return write_file(checkpoint, NULL);
}

/* ---- reading ---- */

/* The first words of two lists that differ; the lengths of both. */
static void find_difference(const char **a, const char **b, int *a_length,
                            int *b_length) {
  size_t same = 0, begin = 0;
  for (; (*a)[same] && (*a)[same] == (*b)[same]; same++)
    if ((*a)[same] == ' ') begin = same + 1;
  *a += begin;
  *b += begin;
  *a_length = (int)strcspn(*a, " ");
  *b_length = (int)strcspn(*b, " ");
}

static pflow_err check_same(const json_t *document, const char *key, const char *want,
                            const char *source) {
  const char *text = json_string_value(json_object_get(document, key));
  int text_length, want_length;
  if (!text) return pf_fail(PFLOW_EFORMAT, "%s: a checkpoint without %s", source, key);
  if (strcmp(text, want) == 0) return PFLOW_OK;
  find_difference(&text, &want, &text_length, &want_length);
  return pf_fail(PFLOW_EINVAL, "%s: a checkpoint of other %s: %.*s, now %.*s", source,
                 key, text_length, text, want_length, want);
}

static pflow_err read_trial(const json_t *list, pf_trial_scores *scores,
                            const char *source) {
  if (json_array_size(list) != pf_trial_strengths + 1)
    return pf_fail(PFLOW_EFORMAT, "%s: a trial of %zu scores", source,
                   json_array_size(list));
  scores->floor = json_number_value(json_array_get(list, 0));
  if (scores->floor < 0.0 || scores->floor > 1.0)
    return pf_fail(PFLOW_EFORMAT, "%s: a trial wants %g of the neighbours", source,
                   scores->floor);
  for (size_t i = 0; i < pf_trial_strengths; i++) {
    pf_trial_score *at = &scores->at[i];
    int valid;
    if (json_unpack(json_array_get(list, i + 1), "[b, F, F, F, F]", &valid, &at->score,
                    &at->uniformity, &at->ideal, &at->kept))
      return pf_fail(PFLOW_EFORMAT, "%s: score %zu of a trial is bad", source, i);
    if (at->kept < 0.0 || at->kept > 1.0)
      return pf_fail(PFLOW_EFORMAT, "%s: a trial keeps %g of the neighbours", source,
                     at->kept);
    at->valid = valid != 0;
  }
  return PFLOW_OK;
}

static pflow_err read_document(pf_checkpoint *self, const json_t *document,
                               const char *source) {
  const json_t *trials = json_object_get(document, "trials");
  pf_try(check_same(document, "settings", self->settings, source));
  pf_try(check_same(document, "rows", self->rows, source));
  pf_try(check_same(document, "labels", self->labels, source));
  if (!json_is_array(trials) || json_array_size(trials) > pf_most_trials)
    return pf_fail(PFLOW_EFORMAT, "%s: no list of at most %d trials", source,
                   pf_most_trials);
  for (; self->done < json_array_size(trials); self->done++)
    pf_try(read_trial(json_array_get(trials, self->done), &self->scores[self->done],
                      source));
  return PFLOW_OK;
}

/* Labels count only where the choice goes by them. */
static pflow_err write_rows(pf_checkpoint *self, const pflow_map *map,
                            const pf_map_rows *rows) {
  size_t values;
  pf_try(pf_mul(&values, rows->n, rows->dim, "map: rows"));
  snprintf(self->rows, sizeof self->rows, "rows=%zu values=%zu hash=%016" PRIx64, rows->n,
           rows->dim, pf_fingerprint(rows->x, values));
  if (map->config.objective != PFLOW_MAP_NEIGHBOURS)
    snprintf(self->labels, sizeof self->labels, "%016" PRIx64,
             pf_fingerprint(rows->labels, rows->n));
  return PFLOW_OK;
}

pflow_err pf_checkpoint_open(pf_checkpoint *checkpoint, const pflow_map *map,
                             const pf_map_rows *rows) {
  json_t *document;
  *checkpoint = (pf_checkpoint){.path = map->config.checkpoint,
                                .pause = map->config.checkpoint_seconds,
                                .written = pf_seconds()};
  if (!checkpoint->path) return PFLOW_OK;
  pf_try(write_settings(checkpoint->settings, map));
  pf_try(write_rows(checkpoint, map, rows));
  if (!map->config.resume || access(checkpoint->path, F_OK) != 0) return PFLOW_OK;
  pf_try(pflow_archive_load(&checkpoint->read, checkpoint->path));
  pf_try(pf_checksum_check(checkpoint->read, "checkpoint of a fit", checksum_key));
  pf_try(pf_described(&document, checkpoint->read, "", format));
  pflow_err rc = read_document(checkpoint, document, checkpoint->path);
  json_decref(document);
  return rc;
}

void pf_checkpoint_close(pf_checkpoint *checkpoint) {
  pflow_archive_destroy(checkpoint->read);
}

static pflow_err check_denoiser(const pflow_denoiser *denoiser, size_t dim,
                                const pflow_denoiser_config *want, const char *source) {
  const pflow_denoiser_config *have = pflow_denoiser_settings(denoiser);
  if (pflow_denoiser_dim(denoiser) == dim && have->aug_dim == want->aug_dim &&
      have->r_min == want->r_min && have->r_max == want->r_max)
    return PFLOW_OK;
  return pf_fail(
      PFLOW_EFORMAT,
      "%s: a denoiser of %zu values, D %g, heights %g to %g; wants %zu, %g, %g "
      "to %g",
      source, pflow_denoiser_dim(denoiser), have->aug_dim, have->r_min, have->r_max, dim,
      want->aug_dim, want->r_min, want->r_max);
}

pflow_err pf_checkpoint_denoiser(const pf_checkpoint *checkpoint, size_t dim,
                                 const pflow_denoiser_config *config,
                                 pflow_denoiser **denoiser) {
  *denoiser = NULL;
  const pflow_archive *archive = checkpoint->read;
  for (size_t i = 0; i < pflow_archive_count(archive); i++)
    if (strncmp(pflow_archive_name(archive, i), prefix, strlen(prefix)) == 0) {
      pf_try(pflow_archive_build_denoiser(archive, prefix, denoiser, config));
      return check_denoiser(*denoiser, dim, config, archive->source);
    }
  return PFLOW_OK;
}
