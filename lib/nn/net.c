/*
 * net.c - a network's life and its list of layers.
 */
#include "nn/net.h"

#include <string.h>

pflow_err pflow_net_create(pflow_net **net, const pflow_net_config *config) {
  pf_need(net);
  *net = NULL;
  pflow_net_config full;
  pflow_net_config_init(&full);
  pf_try(pf_config_read(&full, sizeof full, config, "pflow_net_config"));
  pflow_net *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->pool = full.pool;
  made->seed = full.seed;
  made->scratch_bytes = full.scratch_bytes;
  *net = made;
  return PFLOW_OK;
}

static void destroy_self(const pflow_layer_class *type, void *self) {
  if (type->destroy) type->destroy(self);
}

void pflow_net_destroy(pflow_net *net) {
  if (!net) return;
  for (size_t i = 0; i < net->count; i++)
    destroy_self(&net->layer[i].type, net->layer[i].self);
  pflow_free(net->layer);
  pflow_free(net->params);
  pflow_free(net->grads);
  pflow_free(net->state);
  pflow_free(net);
}

static pflow_err check_class(const pflow_layer_class *layer) {
  pf_need(layer->kind);
  pf_need(layer->plan);
  pf_need(layer->forward);
  pf_need(layer->backward);
  size_t length = strlen(layer->kind);
  if (length == 0 || length >= sizeof((pflow_layer_info *)0)->kind)
    return pf_fail(PFLOW_EINVAL,
                   "layer kind \"%.40s\" has %zu characters, wants 1 to %zu", layer->kind,
                   length, sizeof((pflow_layer_info *)0)->kind - 1);
  return PFLOW_OK;
}

static pflow_err grow(pflow_net *net) {
  if (net->count < net->capacity) return PFLOW_OK;
  size_t capacity = net->capacity ? 2 * net->capacity : 16;
  pf_layer *layer;
  pf_try(pf_alloc(&layer, capacity, sizeof *layer));
  if (net->count > 0) memcpy(layer, net->layer, net->count * sizeof *layer);
  pflow_free(net->layer);
  net->layer = layer;
  net->capacity = capacity;
  return PFLOW_OK;
}

static pflow_err append(pflow_net *net, const pflow_layer_class *type, void *self) {
  pf_need(net);
  if (net->built)
    return pf_fail(PFLOW_ESTATE, "%s cannot be added: the network is built", type->kind);
  pf_try(grow(net));
  net->layer[net->count++] = (pf_layer){.type = *type, .self = self};
  return PFLOW_OK;
}

pflow_err pflow_net_add_layer(pflow_net *net, const pflow_layer_class *layer,
                              void *self) {
  pf_need(layer);
  pflow_layer_class type = {0};
  pf_try(pf_config_read(&type, sizeof type, layer, "pflow_layer_class"));
  pflow_err rc = check_class(&type);
  if (rc == PFLOW_OK) rc = append(net, &type, self);
  if (rc < 0) destroy_self(&type, self);
  return rc;
}

pflow_err pf_layer_result(pflow_err rc, const pf_layer *layer, size_t index,
                          const char *function, const char *kept) {
  if (rc >= 0) {
    pf_message_set(kept);
    return PFLOW_OK;
  }
  if (*pflow_errmsg()) return rc;
  return pf_fail(rc, "%s %zu: %s returned %d", layer->type.kind, index, function, rc);
}
