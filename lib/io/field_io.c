/*
 * field_io.c - a field network and the settings of its training in one file.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "io/description.h"

static const char format[] = "pflow.field";

static bool is_at_least(double value, double least) {
  return value >= least && value < INFINITY;
}

static pflow_err check_meta(const pflow_field_meta *meta, const pflow_net *net) {
  size_t in = pflow_net_in_size(net), out = pflow_net_out_size(net);
  if (meta->dim == 0) return pf_fail(PFLOW_EINVAL, "dim is 0, wants > 0");
  if (in == 0 || in != out || in - 1 != meta->dim)
    return pf_fail(PFLOW_ESHAPE,
                   "a field over %zu dimensions with a network of %zu inputs "
                   "and %zu outputs, wants one more than dimensions",
                   meta->dim, in, out);
  pf_try(pf_check_setting(meta->sigma > 0 && meta->sigma < INFINITY, "sigma", meta->sigma,
                          "0 < sigma < infinity"));
  pf_try(pf_check_setting(is_at_least(meta->tau, 0), "tau", meta->tau, "0 <= tau"));
  pf_try(
      pf_check_setting(is_at_least(meta->m_max, 0), "m_max", meta->m_max, "0 <= m_max"));
  return pf_check_setting(is_at_least(meta->gamma, 0), "gamma", meta->gamma,
                          "0 <= gamma");
}

/* The seed is a text: JSON's numbers may lose its last bits elsewhere. */
static json_t *meta_json(const pflow_field_meta *meta) {
  char seed[24];
  snprintf(seed, sizeof seed, "%" PRIu64, meta->seed);
  return json_pack("{s:I, s:o, s:o, s:o, s:o, s:b, s:s}", "dim", (json_int_t)meta->dim,
                   "sigma", pf_json_number(meta->sigma), "tau", pf_json_number(meta->tau),
                   "m_max", pf_json_number(meta->m_max), "gamma",
                   pf_json_number(meta->gamma), "restrict_m", meta->restrict_m != 0,
                   "seed", seed);
}

static pflow_err save_field(pflow_archive *archive, const pflow_net *net,
                            const pflow_field_meta *meta, const char *path) {
  pf_try(pflow_archive_put_net(archive, "", net));
  pf_try(pf_describe(archive, "", format, meta_json(meta)));
  return pflow_archive_save(archive, path);
}

pflow_err pflow_field_save(const pflow_net *net, const pflow_field_meta *meta,
                           const char *path) {
  pf_need(net);
  pf_need(meta);
  pf_need(path);
  pf_try(check_meta(meta, net));
  pflow_archive *archive;
  pf_try(pflow_archive_create(&archive));
  pflow_err rc = save_field(archive, net, meta, path);
  pflow_archive_destroy(archive);
  return rc;
}

static pflow_err read_meta(pflow_field_meta *meta, const json_t *document,
                           const char *source) {
  const json_t *restrict_m = json_object_get(document, "restrict_m");
  const char *seed = json_string_value(json_object_get(document, "seed"));
  pf_try(pf_json_size(&meta->dim, document, "dim", source));
  pf_try(pf_json_double(&meta->sigma, document, "sigma", source));
  pf_try(pf_json_double(&meta->tau, document, "tau", source));
  pf_try(pf_json_double(&meta->m_max, document, "m_max", source));
  pf_try(pf_json_double(&meta->gamma, document, "gamma", source));
  if (!json_is_boolean(restrict_m))
    return pf_fail(PFLOW_EFORMAT, "%s: 'restrict_m' is not true or false", source);
  if (!seed || !pf_parse_u64(seed, &meta->seed))
    return pf_fail(PFLOW_EFORMAT, "%s: 'seed' is not a text of digits", source);
  meta->restrict_m = json_is_true(restrict_m);
  return PFLOW_OK;
}

static pflow_err load_field(pflow_net **net, pflow_field_meta *meta,
                            const pflow_archive *archive,
                            const pflow_net_config *config) {
  json_t *document;
  pf_try(pf_described(&document, archive, "", format));
  pflow_err rc = read_meta(meta, document, archive->source);
  json_decref(document);
  pf_try(rc);
  pf_try(pflow_archive_build_net(archive, "", net, config));
  rc = pf_blame_file(check_meta(meta, *net), archive->source);
  if (rc >= 0) return PFLOW_OK;
  pflow_net_destroy(*net);
  *net = NULL;
  return rc;
}

pflow_err pflow_field_load(pflow_net **net, pflow_field_meta *meta, const char *path,
                           const pflow_net_config *config) {
  pf_need(net);
  *net = NULL;
  pf_need(path);
  pflow_archive *archive;
  pflow_field_meta read = {0};
  pf_try(pflow_archive_load(&archive, path));
  pflow_err rc = load_field(net, &read, archive, config);
  if (rc >= 0 && meta) *meta = read;
  pflow_archive_destroy(archive);
  return rc;
}
