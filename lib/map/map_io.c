/*
 * map_io.c - a map in a file: its settings and figures as one JSON text, the arrays of
 * its way, and a checksum of it all.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "io/checksum.h"
#include "io/description.h"
#include "map/affine.h"
#include "map/map.h"

static const char format[] = "pflow.map", checksum_key[] = "pflow.map.crc32";

/* ---- what info is in a file ---- */

/* One number of the info, by its name there. */
typedef struct entry {
  const char *key;
  size_t place;
  double least, most; /* of a number that a file may hold */
} entry;

#define at(member, least, most)                                                          \
  { #member, offsetof(pflow_map_info, member), least, most }

static const entry sizes[] = {at(rows, 1, 0), at(in_dim, 1, 0),  at(out_dim, 1, 0),
                              at(dims, 1, 0), at(sources, 0, 0), at(trials, 0, 0),
                              at(steps, 0, 0)};

static const entry numbers[] = {at(aug_dim, 0, 1e30),
                                at(start, 0, 1e6),
                                at(strength, 0, 1),
                                at(nearest, 0, INFINITY),
                                at(scale, 0, INFINITY),
                                at(r0, 0, INFINITY),
                                at(r1, 0, INFINITY),
                                at(r_low, 0, INFINITY),
                                at(loss, -INFINITY, INFINITY),
                                at(score_before, -INFINITY, INFINITY),
                                at(score_after, -INFINITY, INFINITY),
                                at(seconds, 0, INFINITY)};

/* Files of before these were measured lack them. */
static const entry later[] = {at(uniformity_before, -INFINITY, INFINITY),
                              at(ideal_before, -INFINITY, INFINITY),
                              at(uniformity_after, -INFINITY, INFINITY),
                              at(ideal_after, -INFINITY, INFINITY),
                              at(kept, 0, 1),
                              at(least_kept, 0, 1)};

static const entry lists[] = {at(height, 0, INFINITY), at(error, 0, INFINITY),
                              at(cosine, -2, 2)};

enum {
  sizes_count = sizeof sizes / sizeof *sizes,
  numbers_count = sizeof numbers / sizeof *numbers,
  later_count = sizeof later / sizeof *later,
  lists_count = sizeof lists / sizeof *lists
};

static const void *member(const pflow_map_info *info, const entry *what) {
  return (const char *)info + what->place;
}

static void *member_to(pflow_map_info *info, const entry *what) {
  return (char *)info + what->place;
}

/* ---- to a file ---- */

static int set_number(json_t *object, const entry *what, const pflow_map_info *info) {
  return json_object_set_new(object, what->key,
                             pf_json_number(*(const double *)member(info, what)));
}

static int set_list(json_t *object, const char *key, const double *values) {
  json_t *list = json_array();
  int failed = 0;
  for (size_t i = 0; i < PFLOW_MAP_HEIGHTS; i++)
    failed |= json_array_append_new(list, pf_json_number(values[i]));
  return json_object_set_new(object, key, list) | failed;
}

static int set_names(json_t *object, const pflow_map *map) {
  const pflow_map_info *info = &map->info;
  char seed[24];
  snprintf(seed, sizeof seed, "%" PRIu64, info->seed);
  json_t *names = json_pack(
      "{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:o}", "library", PFLOW_VERSION, "method",
      pflow_map_method_name(info->method), "field", pflow_map_field_name(info->field),
      "target", pflow_map_target_name(info->target), "objective",
      pflow_map_objective_name(info->objective), "seed", seed, "leave_alone",
      info->leave_alone != 0, "identity", map->way == &pf_map_none, "rtol",
      pf_json_number(map->config.rtol));
  int failed = names ? json_object_update(object, names) : -1;
  json_decref(names);
  return failed;
}

/* NULL where memory is short. */
static json_t *describe(const pflow_map *map) {
  const pflow_map_info *info = &map->info;
  json_t *object = json_object();
  int failed = set_names(object, map);
  for (size_t i = 0; i < sizes_count; i++)
    failed |= json_object_set_new(
        object, sizes[i].key,
        json_integer((json_int_t) * (const size_t *)member(info, &sizes[i])));
  for (size_t i = 0; i < numbers_count; i++)
    failed |= set_number(object, &numbers[i], info);
  for (size_t i = 0; i < later_count; i++)
    failed |= set_number(object, &later[i], info);
  for (size_t i = 0; i < lists_count; i++)
    failed |= set_list(object, lists[i].key, member(info, &lists[i]));
  if (!failed) return object;
  json_decref(object);
  return NULL;
}

static pflow_err put_map(const pflow_map *map, pflow_archive *archive) {
  pf_try(pf_describe(archive, "", format, describe(map)));
  if (map->way->put) pf_try(map->way->put(map, archive));
  return pf_checksum_put(archive, checksum_key);
}

pflow_err pflow_map_save(const pflow_map *map, const char *path) {
  pf_need(map);
  pf_need(path);
  if (!map->way) return pf_fail(PFLOW_ESTATE, "map: not fitted");
  pflow_archive *archive;
  pf_try(pflow_archive_create(&archive));
  pflow_err rc = put_map(map, archive);
  if (rc >= 0) rc = pflow_archive_save(archive, path);
  pflow_archive_destroy(archive);
  return rc;
}

/* ---- from a file ---- */

static pflow_err read_number(const json_t *object, const entry *what, double *value,
                             const char *source) {
  pf_try(pf_json_double(value, object, what->key, source));
  if (*value >= what->least && *value <= what->most) return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT, "%s: '%s' is %g, wants %g to %g", source, what->key,
                 *value, what->least, what->most);
}

static pflow_err read_list(const json_t *object, const entry *what, double *values,
                           const char *source) {
  const json_t *list = json_object_get(object, what->key);
  if (json_array_size(list) != PFLOW_MAP_HEIGHTS)
    return pf_fail(PFLOW_EFORMAT, "%s: '%s' is no list of %d numbers", source, what->key,
                   PFLOW_MAP_HEIGHTS);
  for (size_t i = 0; i < PFLOW_MAP_HEIGHTS; i++) {
    const json_t *value = json_array_get(list, i);
    values[i] = json_number_value(value);
    if (!json_is_number(value) || values[i] < what->least || values[i] > what->most)
      return pf_fail(PFLOW_EFORMAT, "%s: number %zu of '%s' is bad", source, i,
                     what->key);
  }
  return PFLOW_OK;
}

static pflow_err read_text(const json_t *object, const char *key, const char **text,
                           const char *source) {
  *text = json_string_value(json_object_get(object, key));
  return *text ? PFLOW_OK : pf_fail(PFLOW_EFORMAT, "%s: no text '%s'", source, key);
}

static pflow_err read_names(const json_t *object, pflow_map_info *info,
                            const char *source) {
  const char *method, *field, *target, *objective, *seed;
  pf_try(read_text(object, "method", &method, source));
  pf_try(read_text(object, "field", &field, source));
  pf_try(read_text(object, "target", &target, source));
  pf_try(read_text(object, "objective", &objective, source));
  pf_try(read_text(object, "seed", &seed, source));
  pf_try(pf_blame_file(pflow_map_method_find(method, &info->method), source));
  pf_try(pf_blame_file(pflow_map_field_find(field, &info->field), source));
  pf_try(pf_blame_file(pflow_map_target_find(target, &info->target), source));
  pf_try(pf_blame_file(pflow_map_objective_find(objective, &info->objective), source));
  if (!pf_parse_u64(seed, &info->seed))
    return pf_fail(PFLOW_EFORMAT, "%s: 'seed' is not a text of digits", source);
  info->leave_alone = json_is_true(json_object_get(object, "leave_alone"));
  return PFLOW_OK;
}

static pflow_err read_info(const json_t *object, pflow_map_info *info,
                           const char *source) {
  *info = (pflow_map_info){0};
  pf_try(read_names(object, info, source));
  for (size_t i = 0; i < sizes_count; i++) {
    size_t *to = member_to(info, &sizes[i]);
    pf_try(pf_json_size(to, object, sizes[i].key, source));
    if ((double)*to < sizes[i].least)
      return pf_fail(PFLOW_EFORMAT, "%s: '%s' is 0", source, sizes[i].key);
  }
  for (size_t i = 0; i < numbers_count; i++)
    pf_try(read_number(object, &numbers[i], member_to(info, &numbers[i]), source));
  for (size_t i = 0; i < later_count; i++)
    if (json_object_get(object, later[i].key))
      pf_try(read_number(object, &later[i], member_to(info, &later[i]), source));
  for (size_t i = 0; i < lists_count; i++)
    pf_try(read_list(object, &lists[i], member_to(info, &lists[i]), source));
  return PFLOW_OK;
}

pflow_err pf_map_check_sizes(const pflow_map *map, const pflow_archive *archive,
                             size_t in_dim, size_t out_dim) {
  if (in_dim == map->info.in_dim && out_dim == map->info.out_dim) return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT,
                 "%s: arrays for %zu values to %zu, the map has %zu to %zu",
                 archive->source, in_dim, out_dim, map->info.in_dim, map->info.out_dim);
}

pflow_err pf_map_check_kind(const pflow_archive *archive, const pflow_affine *affine,
                            pflow_affine_kind kind) {
  if (affine->kind == kind) return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT, "%s: a transform of kind %d, the map wants %d",
                 archive->source, (int)affine->kind, (int)kind);
}

static pflow_err check_finite(const pflow_archive *archive) {
  for (size_t i = 0; i < pflow_archive_count(archive); i++) {
    const char *name = pflow_archive_name(archive, i);
    const pflow_tensor *tensor;
    pf_try(pflow_archive_get(archive, name, &tensor));
    pf_try(pf_blame_file(pflow_check_finite(pflow_tensor_const_values(tensor), 1,
                                            pflow_tensor_size(tensor), name),
                         archive->source));
  }
  return PFLOW_OK;
}

/* Which way the document's map goes. Only a flow may have been left out of its map. */
static pflow_err find_way(pflow_map *map, const json_t *document, const char *source) {
  const pflow_map_info *info = &map->info;
  const bool identity = json_is_true(json_object_get(document, "identity"));
  const pf_map_way *way = pf_map_way_of(info->method, info->field);
  const bool flows = info->method == PFLOW_MAP_POISSON;
  if (identity && !flows && way != &pf_map_none)
    return pf_fail(PFLOW_EFORMAT, "%s: an identity by %s", source,
                   pflow_map_method_name(info->method));
  map->way = identity ? &pf_map_none : way;
  if (map->way->get || info->in_dim == info->out_dim) return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT, "%s: %s from %zu values to %zu", source,
                 pflow_map_method_name(info->method), info->in_dim, info->out_dim);
}

static pflow_err read_document(pflow_map *map, const json_t *document,
                               const char *source) {
  const entry rtol = {.key = "rtol", .least = 1e-7, .most = 0.1};
  pf_try(read_info(document, &map->info, source));
  pf_try(read_number(document, &rtol, &map->config.rtol, source));
  return find_way(map, document, source);
}

static pflow_err get_map(pflow_map *map, const pflow_archive *archive) {
  json_t *document;
  pf_try(pf_checksum_check(archive, "map", checksum_key));
  pf_try(check_finite(archive));
  pf_try(pf_described(&document, archive, "", format));
  pflow_err rc = read_document(map, document, archive->source);
  json_decref(document);
  pf_try(rc);
  return map->way->get ? map->way->get(map, archive) : PFLOW_OK;
}

static pflow_err map_of(pflow_map **map, const pflow_archive *archive, pflow_pool *pool) {
  pflow_map *made;
  pf_try(pflow_map_create(&made, NULL));
  made->config.pool = pool;
  pflow_err rc = get_map(made, archive);
  if (rc < 0) {
    pflow_map_destroy(made);
    return rc;
  }
  *map = made;
  return PFLOW_OK;
}

pflow_err pflow_map_load(pflow_map **map, const char *path, pflow_pool *pool) {
  pf_need(map);
  *map = NULL;
  pf_need(path);
  pflow_archive *archive;
  pf_try(pflow_archive_load(&archive, path));
  pflow_err rc = map_of(map, archive, pool);
  pflow_archive_destroy(archive);
  return rc;
}

pflow_err pflow_map_parse(pflow_map **map, const void *bytes, size_t size,
                          const char *name, pflow_pool *pool) {
  pf_need(map);
  *map = NULL;
  pf_need(bytes);
  pf_need(name);
  pflow_archive *archive;
  pf_try(pflow_archive_parse(&archive, bytes, size, name));
  pflow_err rc = map_of(map, archive, pool);
  pflow_archive_destroy(archive);
  return rc;
}

pflow_err pflow_map_load_info(const char *path, pflow_map_info *info) {
  pf_need(path);
  pf_need(info);
  pflow_archive *archive;
  json_t *document;
  pf_try(pflow_archive_load_texts(&archive, path));
  pflow_err rc = pf_described(&document, archive, "", format);
  if (rc >= 0) {
    rc = read_info(document, info, archive->source);
    json_decref(document);
  }
  pflow_archive_destroy(archive);
  return rc;
}
