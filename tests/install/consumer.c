/*
 * consumer.c - a program outside the tree: compiles as C and as C++ and uses the library.
 */
#include <pflow.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  pflow_net *net = NULL;
  pflow_net_work *work = NULL;
  const size_t shape[1] = {4};
  const float x[4] = {1, 2, 3, 4};
  float y[4], norm2 = 0;
  if (strcmp(pflow_version(), PFLOW_VERSION) != 0) return 1;
  if (pflow_net_create(&net, NULL) < 0 || pflow_net_add_linear(net, 4, 1) < 0 ||
      pflow_net_add_l2norm(net) < 0 || pflow_net_build(net, shape, 1) < 0 ||
      pflow_net_work_create(&work, net, 1, PFLOW_INFERENCE) < 0 ||
      pflow_net_predict(net, work, x, 1, y) < 0) {
    fprintf(stderr, "%s\n", pflow_errmsg());
    return 1;
  }
  for (int i = 0; i < 4; i++)
    norm2 += y[i] * y[i];
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  return norm2 > 0.999f && norm2 < 1.001f ? 0 : 1;
}
