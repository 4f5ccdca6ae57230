/*
 * map_names.c - the names of a map's settings, in the order of their enums.
 */
#include <string.h>

#include "map/map.h"

static const char *const methods[] = {"poisson", "none", "center", "l2",      "whiten",
                                      "zca",     "abtt", "rotate", "quantile"};
static const char *const fields[] = {"exact", "network", "post"};
static const char *const targets[] = {"sphere", "hemisphere", "gaussian", "ball", "raw"};
static const char *const objectives[] = {"neighbours", "knn", "linear"};

typedef struct names {
  const char *what;
  const char *const *name;
  size_t count;
} names;

#define names_of(what, list) ((names){what, list, sizeof(list) / sizeof *(list)})

static const char *name_at(const names *list, unsigned index) {
  return index < list->count ? list->name[index] : NULL;
}

static pflow_err refuse(const names *list, const char *name) {
  char all[128] = "";
  for (size_t i = 0; i < list->count; i++) {
    if (i > 0) strcat(all, ", ");
    strcat(all, list->name[i]);
  }
  return pf_fail(PFLOW_EINVAL, "%s '%s', wants one of %s", list->what, name, all);
}

static pflow_err find(const names *list, const char *name, unsigned *index) {
  pf_need(name);
  for (*index = 0; *index < list->count; ++*index)
    if (strcmp(list->name[*index], name) == 0) return PFLOW_OK;
  return refuse(list, name);
}

#define named(type, list)                                                                \
  const char *pflow_map_##type##_name(pflow_map_##type type) {                           \
    return name_at(&names_of(#type, list), (unsigned)type);                              \
  }                                                                                      \
  pflow_err pflow_map_##type##_find(const char *name, pflow_map_##type *type) {          \
    unsigned index;                                                                      \
    pf_need(type);                                                                       \
    pf_try(find(&names_of(#type, list), name, &index));                                  \
    *type = (pflow_map_##type)index;                                                     \
    return PFLOW_OK;                                                                     \
  }

named(method, methods) named(field, fields) named(target, targets)
    named(objective, objectives)
