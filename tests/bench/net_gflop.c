#include "net_gflop.h"

#include <string.h>

#include "common/must.h"

/* The attribute of that name, 0 without it. */
static double attribute(const pflow_layer_info *info, const char *name) {
  for (size_t i = 0; i < info->n_attrs; i++)
    if (strcmp(info->attr[i].name, name) == 0) return info->attr[i].value;
  return 0.0;
}

static double size_of(const pflow_shape *shape) {
  double size = 1.0;
  for (size_t i = 0; i < shape->ndim; i++)
    size *= (double)shape->dim[i];
  return size;
}

/* Operations of one product for one row: two for each weight that an output meets. */
static double layer_flop(const pflow_layer_info *info) {
  double met = 0.0;
  if (strcmp(info->kind, "linear") == 0) met = size_of(&info->in);
  if (strcmp(info->kind, "conv2d") == 0)
    met = (double)info->in.dim[0] * attribute(info, "kernel_h") *
          attribute(info, "kernel_w");
  return 2.0 * met * size_of(&info->out);
}

double bench_net_gflop(const pflow_net *net, size_t rows, pflow_mode mode) {
  double flop = 0.0;
  for (size_t i = 0; i < pflow_net_layers(net); i++) {
    pflow_layer_info info;
    must(pflow_net_layer_info(net, i, &info));
    double products = mode == PFLOW_INFERENCE ? 1.0 : i == 0 ? 2.0 : 3.0;
    flop += products * layer_flop(&info);
  }
  return 1e-9 * flop * (double)rows;
}
