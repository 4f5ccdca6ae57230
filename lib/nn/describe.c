/*
 * describe.c - built-in layers from their descriptions: one table of kinds and
 * attributes.
 */
#include <math.h>
#include <string.h>

#include "nn/layer.h"

typedef enum attr_type { whole, flag, real } attr_type;

typedef struct attr_rule {
  const char *name;
  attr_type type;
} attr_rule;

/* A kind with its attributes; add gets their values in the same order. */
typedef struct kind_rule {
  const char *name;
  pflow_err (*add)(pflow_net *net, const double *value);
  attr_rule attr[PFLOW_LAYER_MAX_ATTRS + 1]; /* ends with a NULL name */
} kind_rule;

static pflow_err add_conv2d(pflow_net *net, const double *value) {
  pflow_conv2d_config config;
  pflow_conv2d_config_init(&config);
  config.out_channels = (size_t)value[0];
  config.kernel_h = (size_t)value[1];
  config.kernel_w = (size_t)value[2];
  config.stride_h = (size_t)value[3];
  config.stride_w = (size_t)value[4];
  config.pad_h = (size_t)value[5];
  config.pad_w = (size_t)value[6];
  config.bias = value[7] != 0.0;
  return pflow_net_add_conv2d_config(net, &config);
}

static pflow_err add_linear(pflow_net *net, const double *value) {
  return pflow_net_add_linear(net, (size_t)value[0], value[1] != 0.0);
}

static pflow_err add_batchnorm(pflow_net *net, const double *value) {
  pflow_batchnorm_config config;
  pflow_batchnorm_config_init(&config);
  config.eps = value[0];
  config.momentum = value[1];
  return pflow_net_add_batchnorm_config(net, &config);
}

static pflow_err add_maxpool2d(pflow_net *net, const double *value) {
  return pflow_net_add_maxpool2d(net, (size_t)value[0], (size_t)value[1]);
}

static pflow_err add_relu(pflow_net *net, const double *value) {
  (void)value;
  return pflow_net_add_relu(net);
}

static pflow_err add_silu(pflow_net *net, const double *value) {
  (void)value;
  return pflow_net_add_silu(net);
}

static pflow_err add_flatten(pflow_net *net, const double *value) {
  (void)value;
  return pflow_net_add_flatten(net);
}

static pflow_err add_l2norm(pflow_net *net, const double *value) {
  (void)value;
  return pflow_net_add_l2norm(net);
}

static const kind_rule kinds[] = {
    {"conv2d",
     add_conv2d,
     {{"out_channels", whole},
      {"kernel_h", whole},
      {"kernel_w", whole},
      {"stride_h", whole},
      {"stride_w", whole},
      {"pad_h", whole},
      {"pad_w", whole},
      {"bias", flag}}},
    {"linear", add_linear, {{"out_features", whole}, {"bias", flag}}},
    {"batchnorm", add_batchnorm, {{"eps", real}, {"momentum", real}}},
    {"relu", add_relu, {{0}}},
    {"silu", add_silu, {{0}}},
    {"maxpool2d", add_maxpool2d, {{"kernel", whole}, {"stride", whole}}},
    {"flatten", add_flatten, {{0}}},
    {"l2norm", add_l2norm, {{0}}},
};

/* Names of a description may fill their arrays without a final 0. */
static bool same_name(const char *rule, const char *given, size_t given_size) {
  return strlen(rule) < given_size && strncmp(rule, given, given_size) == 0;
}

static const kind_rule *find_kind(const pflow_layer_info *info) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (same_name(kinds[i].name, info->kind, sizeof info->kind)) return &kinds[i];
  return NULL;
}

static bool attr_in_range(attr_type type, double value) {
  const double largest = 9007199254740992.0; /* 2^53: whole numbers below are exact */
  if (type == real) return true;
  if (type == flag) return value == 0.0 || value == 1.0;
  return value >= 0.0 && value <= largest && floor(value) == value;
}

static const char *attr_condition(attr_type type) {
  return type == flag ? "0 or 1" : "a whole number from 0 to 2^53";
}

/* Stores one given attribute at its place in value; seen tells which were there before.
 */
static pflow_err take_attr(const pflow_net *net, const kind_rule *kind,
                           const pflow_layer_info *info, size_t given, double *value,
                           bool *seen) {
  const char *name = info->attr[given].name;
  const size_t size = sizeof info->attr[given].name;
  size_t i = 0;
  while (kind->attr[i].name && !same_name(kind->attr[i].name, name, size))
    i++;
  const attr_rule *rule = &kind->attr[i];
  if (!rule->name || seen[i])
    return pf_fail(PFLOW_EINVAL, "%s %zu: attribute \"%.*s\" is %s", kind->name,
                   pflow_net_layers(net), (int)size, name,
                   rule->name ? "given twice" : "unknown");
  seen[i] = true;
  value[i] = info->attr[given].value;
  return pf_layer_setting(net, kind->name, attr_in_range(rule->type, value[i]),
                          rule->name, value[i], attr_condition(rule->type));
}

pflow_err pflow_net_add_info(pflow_net *net, const pflow_layer_info *info) {
  pf_need(net);
  pf_need(info);
  double value[PFLOW_LAYER_MAX_ATTRS];
  bool seen[PFLOW_LAYER_MAX_ATTRS] = {false};
  const kind_rule *kind = find_kind(info);
  if (!kind)
    return pf_fail(PFLOW_EUNSUPPORTED, "layer %zu: unknown kind \"%.*s\"",
                   pflow_net_layers(net), (int)sizeof info->kind, info->kind);
  if (info->n_attrs > PFLOW_LAYER_MAX_ATTRS)
    return pf_fail(PFLOW_EINVAL, "%s %zu: %zu attributes, at most %d", kind->name,
                   pflow_net_layers(net), info->n_attrs, PFLOW_LAYER_MAX_ATTRS);
  for (size_t i = 0; i < info->n_attrs; i++)
    pf_try(take_attr(net, kind, info, i, value, seen));
  for (size_t i = 0; kind->attr[i].name; i++)
    if (!seen[i])
      return pf_fail(PFLOW_EINVAL, "%s %zu: attribute \"%s\" is missing", kind->name,
                     pflow_net_layers(net), kind->attr[i].name);
  return kind->add(net, value);
}
