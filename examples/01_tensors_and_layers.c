/*
 * 01_tensors_and_layers - arrays, views, a network, its shapes and one gradient.
 */
#include <stdio.h>

#include "common/must.h"

static void show_tensor(void) {
  pflow_tensor *images, *last, *flat;
  must(pflow_tensor_create(&images, (size_t[]){4, 3, 8, 8}, 4));
  must(pflow_tensor_rows(&last, images, 3, 4));
  must(pflow_tensor_reshape(&flat, images, (size_t[]){4, 3 * 8 * 8}, 2));
  pflow_tensor_values(last)[0] = 1.5f;
  printf("a view of row 3 writes through: the flat tensor's value 576 is %g\n",
         pflow_tensor_const_values(flat)[3 * 192]);
  pflow_tensor_destroy(flat);
  pflow_tensor_destroy(last);
  pflow_tensor_destroy(images);
}

static pflow_net *build_net(void) {
  pflow_net *net;
  must(pflow_net_create(&net, NULL));
  must(pflow_net_add_conv2d(net, 4, 3, 1));
  must(pflow_net_add_batchnorm(net));
  must(pflow_net_add_relu(net));
  must(pflow_net_add_maxpool2d(net, 2, 2));
  must(pflow_net_add_flatten(net));
  must(pflow_net_add_linear(net, 5, 1));
  must(pflow_net_build(net, (size_t[]){3, 8, 8}, 3));
  return net;
}

static void print_shape(const pflow_shape *shape) {
  for (size_t i = 0; i < shape->ndim; i++)
    printf("%s%zu", i ? " x " : "", shape->dim[i]);
}

static void show_layers(const pflow_net *net) {
  for (size_t i = 0; i < pflow_net_layers(net); i++) {
    pflow_layer_info info;
    must(pflow_net_layer_info(net, i, &info));
    printf("layer %zu %-10s ", i, info.kind);
    print_shape(&info.in);
    printf(" -> ");
    print_shape(&info.out);
    printf("\n");
  }
}

/* The loss changes along the gradient as the gradient says. */
static void show_gradient(pflow_net *net) {
  enum { rows = 6 };
  static const int32_t labels[rows] = {0, 1, 2, 3, 4, 0};
  float x[rows * 192], dlogits[rows * 5];
  const float *logits;
  double before, after, slope = 0.0;
  pflow_net_work *work;
  pflow_rng rng;
  pflow_rng_init(&rng, 1, 0);
  pflow_rng_uniform(&rng, x, rows * 192, 0.0, 1.0);
  must(pflow_net_work_create(&work, net, rows, PFLOW_TRAINING));
  must(pflow_net_zero_grads(net));
  must(pflow_net_forward(net, work, x, rows, &logits));
  must(pflow_loss_cross_entropy(logits, labels, rows, 5, &before, dlogits));
  must(pflow_net_backward(net, work, dlogits, NULL));
  const double step = 1e-3;
  for (size_t i = 0; i < pflow_net_param_size(net); i++) {
    double gradient = pflow_net_grads(net)[i];
    slope -= gradient * gradient;
    pflow_net_params(net)[i] -= (float)(step * gradient);
  }
  must(pflow_net_forward(net, work, x, rows, &logits));
  must(pflow_loss_cross_entropy(logits, labels, rows, 5, &after, NULL));
  printf("a step of %g against the gradient: loss %+.3e, the gradient said %+.3e\n", step,
         after - before, step * slope);
  pflow_net_work_destroy(work);
}

int main(void) {
  show_tensor();
  pflow_net *net = build_net();
  show_layers(net);
  printf("%zu parameters in one block\n", pflow_net_param_size(net));
  show_gradient(net);
  pflow_net_destroy(net);
  return 0;
}
