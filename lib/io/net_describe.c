/*
 * net_describe.c - the layers of a network as a description, and back:
 * {"format":"pflow.net","version":1,"input":[3,32,32],
 *  "layers":[{"kind":"linear","attrs":{"out_features":10,"bias":1}}, ...]}
 */
#include "io/net_describe.h"

#include <math.h>
#include <string.h>

#include "io/description.h"

static const char format[] = "pflow.net";

/* Whether a layer, perhaps of the user's own, says of itself what JSON can hold. */
static pflow_err check_info(const pflow_layer_info *info, size_t index) {
  if (!pf_is_utf8(info->kind))
    return pf_fail(PFLOW_EINVAL, "layer %zu: kind '%s' is not UTF-8", index, info->kind);
  if (info->n_attrs > PFLOW_LAYER_MAX_ATTRS)
    return pf_fail(PFLOW_EINVAL, "layer %zu (%s) has %zu attributes, at most %d", index,
                   info->kind, info->n_attrs, PFLOW_LAYER_MAX_ATTRS);
  for (size_t i = 0; i < info->n_attrs; i++) {
    const char *name = info->attr[i].name;
    const int size = sizeof info->attr[i].name;
    if (!memchr(name, 0, (size_t)size) || !pf_is_utf8(name) ||
        !isfinite(info->attr[i].value))
      return pf_fail(PFLOW_EINVAL, "layer %zu (%s): attribute '%.*s' = %g cannot be kept",
                     index, info->kind, size, name, info->attr[i].value);
  }
  return PFLOW_OK;
}

static json_t *layer_json(const pflow_layer_info *info) {
  json_t *attrs = json_object();
  for (size_t i = 0; i < info->n_attrs; i++)
    if (json_object_set_new(attrs, info->attr[i].name,
                            pf_json_number(info->attr[i].value))) {
      json_decref(attrs);
      return NULL;
    }
  return json_pack("{s:s, s:o}", "kind", info->kind, "attrs", attrs);
}

static json_t *shape_json(const pflow_shape *shape) {
  json_t *list = json_array();
  for (size_t i = 0; i < shape->ndim; i++)
    if (json_array_append_new(list, json_integer((json_int_t)shape->dim[i]))) {
      json_decref(list);
      return NULL;
    }
  return list;
}

static pflow_err check_count(size_t layers, const char *source) {
  if (layers <= PFLOW_ARCHIVE_MAX_ITEMS) return PFLOW_OK;
  return pf_fail(PFLOW_ETOOLARGE, "%s: a network of %zu layers, at most %zu", source,
                 layers, PFLOW_ARCHIVE_MAX_ITEMS);
}

/* Appends all layers to list; *input gets the shape of the network's rows. */
static pflow_err list_layers(json_t *list, pflow_shape *input, const pflow_net *net) {
  for (size_t i = 0; i < pflow_net_layers(net); i++) {
    pflow_layer_info info;
    pf_try(pflow_net_layer_info(net, i, &info));
    pf_try(check_info(&info, i));
    if (json_array_append_new(list, layer_json(&info)))
      return pf_fail(PFLOW_ENOMEM, "no memory to describe layer %zu", i);
    if (i == 0) *input = info.in;
  }
  return PFLOW_OK;
}

pflow_err pf_net_describe(pflow_archive *archive, const char *prefix,
                          const pflow_net *net) {
  pflow_shape input;
  pf_try(check_count(pflow_net_layers(net), archive->source));
  json_t *list = json_array();
  pflow_err rc = list_layers(list, &input, net);
  if (rc >= 0)
    rc =
        pf_describe(archive, prefix, format,
                    json_pack("{s:o, s:O}", "input", shape_json(&input), "layers", list));
  json_decref(list);
  return rc;
}

static pflow_err read_attrs(pflow_layer_info *info, json_t *attrs, size_t index,
                            const char *source) {
  const char *name;
  json_t *value;
  if (!json_is_object(attrs) || json_object_size(attrs) > PFLOW_LAYER_MAX_ATTRS)
    return pf_fail(PFLOW_EFORMAT, "%s: layer %zu (%s) has no attrs of at most %d members",
                   source, index, info->kind, PFLOW_LAYER_MAX_ATTRS);
  json_object_foreach(attrs, name, value) {
    size_t slot = info->n_attrs++;
    if (strlen(name) >= sizeof info->attr[slot].name || !json_is_number(value))
      return pf_fail(PFLOW_EFORMAT, "%s: layer %zu (%s): attribute '%s' is not a number",
                     source, index, info->kind, name);
    strcpy(info->attr[slot].name, name);
    info->attr[slot].value = json_number_value(value);
  }
  return PFLOW_OK;
}

static pflow_err read_layer(pflow_layer_info *info, const json_t *layer, size_t index,
                            const char *source) {
  const char *kind = json_string_value(json_object_get(layer, "kind"));
  *info = (pflow_layer_info){0};
  if (!kind || strlen(kind) >= sizeof info->kind)
    return pf_fail(PFLOW_EFORMAT, "%s: layer %zu has no kind", source, index);
  strcpy(info->kind, kind);
  return read_attrs(info, json_object_get(layer, "attrs"), index, source);
}

static pflow_err add_layers(pflow_net *net, const json_t *layers, const char *source) {
  if (!json_is_array(layers))
    return pf_fail(PFLOW_EFORMAT, "%s: 'layers' is not a list", source);
  pf_try(check_count(json_array_size(layers), source));
  for (size_t i = 0; i < json_array_size(layers); i++) {
    pflow_layer_info info;
    pf_try(read_layer(&info, json_array_get(layers, i), i, source));
    pf_try(pf_blame_file(pflow_net_add_info(net, &info), source));
  }
  return PFLOW_OK;
}

static pflow_err read_input(pflow_shape *input, const json_t *list, const char *source) {
  input->ndim = json_array_size(list);
  if (input->ndim < 1 || input->ndim > 3)
    return pf_fail(PFLOW_EFORMAT, "%s: 'input' is not a list of 1 to 3 numbers", source);
  for (size_t i = 0; i < input->ndim; i++) {
    const json_t *number = json_array_get(list, i);
    if (!json_is_integer(number) || json_integer_value(number) < 1)
      return pf_fail(PFLOW_EFORMAT, "%s: number %zu of 'input' is not a size", source, i);
    input->dim[i] = (size_t)json_integer_value(number);
  }
  return PFLOW_OK;
}

pflow_err pf_net_described(pflow_net *net, pflow_shape *input,
                           const pflow_archive *archive, const char *prefix) {
  json_t *document;
  pf_try(pf_described(&document, archive, prefix, format));
  pflow_err rc = read_input(input, json_object_get(document, "input"), archive->source);
  if (rc >= 0) rc = add_layers(net, json_object_get(document, "layers"), archive->source);
  json_decref(document);
  return rc;
}

static pflow_err compare_kinds(const pflow_net *net, const json_t *layers,
                               const char *source) {
  size_t count = pflow_net_layers(net);
  if (json_array_size(layers) != count)
    return pf_fail(PFLOW_EINVAL, "%s: a network of %zu layers, wants %zu", source,
                   json_array_size(layers), count);
  for (size_t i = 0; i < count; i++) {
    pflow_layer_info wants, has;
    pf_try(pflow_net_layer_info(net, i, &wants));
    pf_try(read_layer(&has, json_array_get(layers, i), i, source));
    if (strcmp(has.kind, wants.kind) != 0)
      return pf_fail(PFLOW_EINVAL, "%s: layer %zu is a %s, wants a %s", source, i,
                     has.kind, wants.kind);
  }
  return PFLOW_OK;
}

pflow_err pf_net_check_kinds(const pflow_archive *archive, const char *prefix,
                             const pflow_net *net) {
  json_t *document;
  pflow_err rc = pf_described(&document, archive, prefix, format);
  if (rc == PFLOW_ENOTFOUND) return PFLOW_OK;
  if (rc < 0) return rc;
  rc = compare_kinds(net, json_object_get(document, "layers"), archive->source);
  json_decref(document);
  return rc;
}
