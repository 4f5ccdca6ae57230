/*
 * field_net.c - a network as a field: augmented point in, field out.
 */
#include "base/base.h"
#include "pflow/field.h"

typedef struct net_field {
  const pflow_net *net;
} net_field;

static pflow_err net_work_create(void **work, size_t max_rows, const void *self) {
  const net_field *field = self;
  pflow_net_work *made;
  pf_try(pflow_net_work_create(&made, field->net, max_rows, PFLOW_INFERENCE));
  *work = made;
  return PFLOW_OK;
}

static void net_work_destroy(void *work) {
  pflow_net_work_destroy(work);
}

static pflow_err net_eval(const float *y, size_t n, float *e, void *work,
                          const void *self) {
  const net_field *field = self;
  return pflow_net_predict(field->net, work, y, n, e);
}

pflow_err pflow_field_create_net(pflow_field **field, const pflow_net *net) {
  static const pflow_field_class class = {.struct_size = sizeof class,
                                          .kind = "net",
                                          .work_create = net_work_create,
                                          .work_destroy = net_work_destroy,
                                          .eval = net_eval,
                                          .destroy = pflow_free};
  pf_need(field);
  *field = NULL;
  pf_need(net);
  size_t in = pflow_net_in_size(net), out = pflow_net_out_size(net);
  if (in == 0) return pf_fail(PFLOW_ESTATE, "field net: the network is not built");
  if (in != out)
    return pf_fail(PFLOW_ESHAPE, "field net: the network has %zu inputs, %zu outputs", in,
                   out);
  net_field *self;
  pf_try(pf_alloc(&self, 1, sizeof *self));
  self->net = net;
  return pflow_field_create(field, in, &class, self);
}
