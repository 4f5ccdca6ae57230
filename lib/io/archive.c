/*
 * archive.c - two lists of named things, tensors and texts, in the order they came in.
 */
#include <string.h>

#include "io/archive.h"

static void item_free(pf_item *item) {
  pflow_free(item->name);
  pflow_tensor_destroy(item->tensor);
  pflow_free(item->text);
}

/* Leaves the first `count` items. */
static void items_cut(pf_items *items, size_t count) {
  while (items->count > count)
    item_free(&items->item[--items->count]);
}

static void items_free(pf_items *items) {
  items_cut(items, 0);
  pflow_free(items->item);
}

static pf_item *items_find(const pf_items *items, const char *name) {
  for (size_t i = 0; i < items->count; i++)
    if (strcmp(items->item[i].name, name) == 0) return &items->item[i];
  return NULL;
}

static pflow_err items_reserve(pf_items *items) {
  if (items->count < items->room) return PFLOW_OK;
  size_t room = items->room ? 2 * items->room : 16;
  pf_item *larger;
  pf_try(pf_alloc(&larger, room, sizeof *larger));
  if (items->count) memcpy(larger, items->item, items->count * sizeof *larger);
  pflow_free(items->item);
  items->item = larger;
  items->room = room;
  return PFLOW_OK;
}

static pflow_err copy_text(char **copy, const char *text) {
  size_t size = strlen(text) + 1;
  pf_try(pf_alloc(copy, size, 1));
  memcpy(*copy, text, size);
  return PFLOW_OK;
}

pflow_err pf_items_add(pf_items *items, const char *name, pflow_tensor *tensor,
                       const char *text) {
  pf_item item = {.tensor = tensor};
  pflow_err rc = items_reserve(items);
  if (rc >= 0) rc = copy_text(&item.name, name);
  if (rc >= 0 && text) rc = copy_text(&item.text, text);
  if (rc < 0)
    item_free(&item);
  else
    items->item[items->count++] = item;
  return rc;
}

pflow_err pf_archive_new(pflow_archive **archive, const char *source) {
  pflow_archive *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  pflow_err rc = copy_text(&made->source, source);
  if (rc < 0) {
    pflow_free(made);
    return rc;
  }
  *archive = made;
  return PFLOW_OK;
}

pflow_err pflow_archive_create(pflow_archive **archive) {
  pf_need(archive);
  *archive = NULL;
  return pf_archive_new(archive, "archive");
}

void pflow_archive_destroy(pflow_archive *archive) {
  if (!archive) return;
  items_free(&archive->tensors);
  items_free(&archive->texts);
  pflow_free(archive->values);
  pflow_free(archive->source);
  pflow_free(archive);
}

/* Whether `name` may be added to a list. */
static pflow_err check_name(const pf_items *items, const char *name) {
  if (items->count >= PFLOW_ARCHIVE_MAX_ITEMS)
    return pf_fail(PFLOW_ETOOLARGE, "'%s' would be number %zu, at most %zu", name,
                   items->count + 1, PFLOW_ARCHIVE_MAX_ITEMS);
  size_t length = strlen(name);
  if (length > pf_name_max)
    return pf_fail(PFLOW_EINVAL, "a name of %zu bytes, at most %d", length, pf_name_max);
  if (!pf_is_utf8(name)) return pf_fail(PFLOW_EINVAL, "name '%s' is not UTF-8", name);
  if (strcmp(name, "__metadata__") == 0)
    return pf_fail(PFLOW_EINVAL, "name '%s' is the format's own", name);
  if (items_find(items, name))
    return pf_fail(PFLOW_EINVAL, "name '%s' is already there", name);
  return PFLOW_OK;
}

/* Adds a copy of a tensor if there is room for its values. */
static pflow_err put_copy(pflow_archive *archive, const char *name,
                          const pflow_tensor *source) {
  size_t bytes = pflow_tensor_size(source) * sizeof(float);
  if (bytes > PFLOW_ARCHIVE_MAX_BYTES - archive->value_bytes)
    return pf_fail(PFLOW_ETOOLARGE, "tensor '%s': %zu bytes after %zu, at most %zu", name,
                   bytes, archive->value_bytes, PFLOW_ARCHIVE_MAX_BYTES);
  pflow_tensor *copy;
  pf_try(pflow_tensor_copy(&copy, source));
  pf_try(pf_items_add(&archive->tensors, name, copy, NULL));
  archive->value_bytes += bytes;
  return PFLOW_OK;
}

pflow_err pflow_archive_put(pflow_archive *archive, const char *name, const float *values,
                            const size_t *shape, size_t ndim) {
  pf_need(archive);
  pf_need(name);
  pf_need(values);
  pf_try(check_name(&archive->tensors, name));
  pflow_tensor *view; /* only read, so that losing the const does no harm */
  pf_try(pflow_tensor_wrap(&view, (float *)values, shape, ndim));
  pflow_err rc = put_copy(archive, name, view);
  pflow_tensor_destroy(view);
  return rc;
}

pflow_err pflow_archive_put_text(pflow_archive *archive, const char *key,
                                 const char *text) {
  pf_need(archive);
  pf_need(key);
  pf_need(text);
  pf_try(check_name(&archive->texts, key));
  if (!pf_is_utf8(text)) return pf_fail(PFLOW_EINVAL, "text '%s' is not UTF-8", key);
  return pf_items_add(&archive->texts, key, NULL, text);
}

pflow_err pflow_archive_get(const pflow_archive *archive, const char *name,
                            const pflow_tensor **tensor) {
  pf_need(tensor);
  *tensor = NULL;
  pf_need(archive);
  pf_need(name);
  const pf_item *item = items_find(&archive->tensors, name);
  if (!item) return pf_fail(PFLOW_ENOTFOUND, "%s: no tensor '%s'", archive->source, name);
  *tensor = item->tensor;
  return PFLOW_OK;
}

pflow_err pflow_archive_get_text(const pflow_archive *archive, const char *key,
                                 const char **text) {
  pf_need(text);
  *text = NULL;
  pf_need(archive);
  pf_need(key);
  const pf_item *item = items_find(&archive->texts, key);
  if (!item) return pf_fail(PFLOW_ENOTFOUND, "%s: no text '%s'", archive->source, key);
  *text = item->text;
  return PFLOW_OK;
}

pflow_err pf_archive_get_shaped(const pflow_archive *archive, const char *name,
                                const size_t *shape, size_t ndim,
                                const pflow_tensor **tensor) {
  pf_try(pflow_archive_get(archive, name, tensor));
  size_t have[PFLOW_MAX_DIMS], have_ndim = pflow_tensor_ndim(*tensor);
  for (size_t i = 0; i < have_ndim; i++)
    have[i] = pflow_tensor_dim(*tensor, i);
  if (have_ndim == ndim && memcmp(have, shape, ndim * sizeof *shape) == 0)
    return PFLOW_OK;
  char wants[pf_shape_text_size], got[pf_shape_text_size];
  return pf_fail(PFLOW_ESHAPE, "%s: tensor '%s' has shape %s, wants %s", archive->source,
                 name, pf_shape_text(got, have, have_ndim),
                 pf_shape_text(wants, shape, ndim));
}

pf_mark pf_archive_mark(const pflow_archive *archive) {
  return (pf_mark){archive->tensors.count, archive->texts.count};
}

pflow_err pf_archive_settle(pflow_archive *archive, pf_mark mark, pflow_err rc) {
  if (rc >= 0) return rc;
  for (size_t i = mark.tensors; i < archive->tensors.count; i++)
    archive->value_bytes -=
        pflow_tensor_size(archive->tensors.item[i].tensor) * sizeof(float);
  items_cut(&archive->tensors, mark.tensors);
  items_cut(&archive->texts, mark.texts);
  return rc;
}

size_t pflow_archive_count(const pflow_archive *archive) {
  return archive ? archive->tensors.count : 0;
}

const char *pflow_archive_name(const pflow_archive *archive, size_t index) {
  return index < pflow_archive_count(archive) ? archive->tensors.item[index].name : NULL;
}
