/*
 * denoiser_io.c - learned fields in archives, and fits under way that are to go on.
 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "field/denoiser.h"
#include "io/description.h"

static const char format[] = "pflow.denoiser";

/* Names below the object's prefix. */
static const char net_name[] = "net.", training_name[] = "training.";

/* ---- putting ---- */

/* The seed is a text: JSON's numbers may lose its last bits elsewhere. */
static json_t *settings_json(const pflow_denoiser *denoiser) {
  const pflow_denoiser_config *config = &denoiser->config;
  char seed[24];
  snprintf(seed, sizeof seed, "%" PRIu64, config->seed);
  return json_pack(
      "{s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:s, s:I, s:o, s:o}", "dim",
      (json_int_t)denoiser->dim, "aug_dim", pf_json_number(config->aug_dim), "r_min",
      pf_json_number(config->r_min), "r_max", pf_json_number(config->r_max), "width",
      (json_int_t)config->width, "layers", (json_int_t)config->layers, "steps",
      (json_int_t)config->steps, "batch", (json_int_t)config->batch, "lr",
      pf_json_number(config->lr), "ema_decay", pf_json_number(config->ema_decay), "seed",
      seed, "steps_done", (json_int_t)denoiser->steps, "mean_variance",
      pf_json_number(denoiser->mean_variance), "radius",
      pf_json_number(denoiser->radius));
}

/* The description of a fit under way, NULL for a denoiser without. */
static json_t *training_json(const pf_denoiser_training *training) {
  return json_pack("{s:o, s:o}", "loss", pf_json_number(training->loss), "first_loss",
                   pf_json_number(training->first_loss));
}

static pflow_err put_training(pflow_archive *archive, const char *prefix,
                              const pf_denoiser_training *training) {
  char inner[pf_name_max + 1], net[pf_name_max + 1];
  pf_try(pf_join(inner, prefix, training_name));
  pf_try(pf_join(net, inner, net_name));
  pf_try(pf_describe(archive, inner, format, training_json(training)));
  pf_try(pflow_archive_put_net(archive, net, training->net));
  pf_try(pflow_archive_put_optim(archive, inner, training->optim));
  return pflow_archive_put_ema(archive, inner, training->ema);
}

static pflow_err put_array(pflow_archive *archive, const char *prefix, const char *name,
                           const float *values, size_t size) {
  char joined[pf_name_max + 1];
  pf_try(pf_join(joined, prefix, name));
  return pflow_archive_put(archive, joined, values, &size, 1);
}

static pflow_err put_denoiser(pflow_archive *archive, const char *prefix,
                              const pflow_denoiser *denoiser) {
  char net[pf_name_max + 1];
  pf_try(pf_join(net, prefix, net_name));
  pf_try(pf_describe(archive, prefix, format, settings_json(denoiser)));
  pf_try(put_array(archive, prefix, "center", denoiser->center, denoiser->dim));
  pf_try(put_array(archive, prefix, "variance", denoiser->variance, denoiser->dim));
  return pflow_archive_put_net(archive, net, denoiser->net);
}

pflow_err pflow_archive_put_denoiser(pflow_archive *archive, const char *prefix,
                                     const pflow_denoiser *denoiser, int training) {
  pf_need(archive);
  pf_need(prefix);
  pf_need(denoiser);
  if (denoiser->steps == 0)
    return pf_fail(PFLOW_ESTATE, "%s: the denoiser is not fitted", __func__);
  pf_mark mark = pf_archive_mark(archive);
  pflow_err rc = put_denoiser(archive, prefix, denoiser);
  if (rc >= 0 && training && denoiser->training)
    rc = put_training(archive, prefix, denoiser->training);
  return pf_archive_settle(archive, mark, rc);
}

/* ---- building ---- */

/* What a description says besides the config. */
typedef struct described {
  pflow_denoiser_config config;
  size_t dim, steps_done;
  double mean_variance, radius;
} described;

static pflow_err read_sizes(described *to, const json_t *document, const char *source) {
  pf_try(pf_json_size(&to->dim, document, "dim", source));
  pf_try(pf_json_size(&to->config.width, document, "width", source));
  pf_try(pf_json_size(&to->config.layers, document, "layers", source));
  pf_try(pf_json_size(&to->config.steps, document, "steps", source));
  pf_try(pf_json_size(&to->config.batch, document, "batch", source));
  return pf_json_size(&to->steps_done, document, "steps_done", source);
}

static pflow_err read_numbers(described *to, const json_t *document, const char *source) {
  pf_try(pf_json_double(&to->config.aug_dim, document, "aug_dim", source));
  pf_try(pf_json_double(&to->config.r_min, document, "r_min", source));
  pf_try(pf_json_double(&to->config.r_max, document, "r_max", source));
  pf_try(pf_json_double(&to->config.lr, document, "lr", source));
  pf_try(pf_json_double(&to->config.ema_decay, document, "ema_decay", source));
  pf_try(pf_json_double(&to->mean_variance, document, "mean_variance", source));
  return pf_json_double(&to->radius, document, "radius", source);
}

static pflow_err check_described(const described *read) {
  if (read->steps_done == 0 || read->steps_done > read->config.steps)
    return pf_fail(PFLOW_EINVAL, "steps_done is %zu of %zu", read->steps_done,
                   read->config.steps);
  pf_try(pf_check_setting(read->mean_variance > 0.0 && read->mean_variance < INFINITY,
                          "mean_variance", read->mean_variance, "a finite value > 0"));
  return pf_check_setting(read->radius > 0.0 && read->radius < INFINITY, "radius",
                          read->radius, "a finite value > 0");
}

static pflow_err read_described(described *to, const json_t *document,
                                const char *source) {
  const char *seed = json_string_value(json_object_get(document, "seed"));
  pf_try(read_sizes(to, document, source));
  pf_try(read_numbers(to, document, source));
  if (!seed || !pf_parse_u64(seed, &to->config.seed))
    return pf_fail(PFLOW_EFORMAT, "%s: 'seed' is not a text of digits", source);
  return pf_blame_file(check_described(to), source);
}

/* A small file may describe a huge network: its values must be there to be built. */
static pflow_err check_values(const described *read, const pflow_archive *archive) {
  const size_t has = archive->value_bytes / sizeof(float);
  const double width = (double)read->config.width, dim = (double)read->dim;
  const double inputs = dim + pf_denoiser_features;
  const double wants = (inputs + 1.0) * width + (width + 1.0) * dim +
                       ((double)read->config.layers - 1.0) * (width + 1.0) * width;
  if (wants <= (double)has) return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT, "%s: the denoiser has %.0f values, the file %zu",
                 archive->source, wants, has);
}

/* Copies the array of that name when all its values are finite and at least `least`. */
static pflow_err get_array(const pflow_archive *archive, const char *prefix,
                           const char *name, float least, float *values, size_t size) {
  char joined[pf_name_max + 1];
  const pflow_tensor *tensor;
  pf_try(pf_join(joined, prefix, name));
  pf_try(pf_archive_get_shaped(archive, joined, &size, 1, &tensor));
  const float *from = pflow_tensor_const_values(tensor);
  for (size_t k = 0; k < size; k++)
    if (!(from[k] >= least && from[k] < INFINITY))
      return pf_fail(PFLOW_EFORMAT, "%s: value %zu of '%s' is %g", archive->source, k,
                     joined, (double)from[k]);
  memcpy(values, from, size * sizeof *values);
  return PFLOW_OK;
}

static pflow_err get_training(const pflow_archive *archive, const char *prefix,
                              pflow_denoiser *denoiser) {
  char inner[pf_name_max + 1], net[pf_name_max + 1];
  json_t *document;
  pf_try(pf_join(inner, prefix, training_name));
  pf_try(pf_join(net, inner, net_name));
  pflow_err rc = pf_described(&document, archive, inner, format);
  if (rc == PFLOW_ENOTFOUND) return PFLOW_OK;
  pf_try(rc);
  rc = pf_denoiser_training_create(&denoiser->training, denoiser);
  pf_denoiser_training *training = denoiser->training;
  if (rc >= 0) rc = pf_json_double(&training->loss, document, "loss", archive->source);
  if (rc >= 0)
    rc = pf_json_double(&training->first_loss, document, "first_loss", archive->source);
  json_decref(document);
  pf_try(rc);
  pf_try(pflow_archive_get_net(archive, net, training->net));
  pf_try(pflow_archive_get_optim(archive, inner, training->optim));
  return pflow_archive_get_ema(archive, inner, training->ema);
}

static pflow_err fill(pflow_denoiser *denoiser, const described *read,
                      const pflow_archive *archive, const char *prefix) {
  char net[pf_name_max + 1];
  const size_t dim = denoiser->dim;
  denoiser->steps = read->steps_done;
  denoiser->mean_variance = read->mean_variance;
  denoiser->radius = read->radius;
  pf_try(get_array(archive, prefix, "center", -FLT_MAX, denoiser->center, dim));
  pf_try(get_array(archive, prefix, "variance", 0.0f, denoiser->variance, dim));
  pf_try(pf_join(net, prefix, net_name));
  pf_try(pflow_archive_get_net(archive, net, denoiser->net));
  return get_training(archive, prefix, denoiser);
}

pflow_err pflow_archive_build_denoiser(const pflow_archive *archive, const char *prefix,
                                       pflow_denoiser **denoiser,
                                       const pflow_denoiser_config *config) {
  pf_need(denoiser);
  *denoiser = NULL;
  pf_need(archive);
  pf_need(prefix);
  described read = {0};
  pflow_denoiser *made;
  json_t *document;
  pflow_denoiser_config_init(&read.config);
  pf_try(
      pf_config_read(&read.config, sizeof read.config, config, "pflow_denoiser_config"));
  read.config.struct_size = sizeof read.config;
  pf_try(pf_described(&document, archive, prefix, format));
  pflow_err rc = read_described(&read, document, archive->source);
  json_decref(document);
  pf_try(rc);
  pf_try(check_values(&read, archive));
  pf_try(pf_blame_file(pflow_denoiser_create(&made, read.dim, &read.config),
                       archive->source));
  rc = fill(made, &read, archive, prefix);
  if (rc < 0)
    pflow_denoiser_destroy(made);
  else
    *denoiser = made;
  return rc;
}
