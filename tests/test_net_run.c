/*
 * test_net_run.c - forward, backward and prediction of networks of user-defined layers.
 */
#include <math.h>
#include <pthread.h>

#include "support/gradient.h"
#include "support/suite.h"
#include "support/toy.h"

enum { rows = 4 };

/* A toy network with a training workspace, a batch, and a gradient of its outputs. */
typedef struct bench {
  pflow_net *net;
  pflow_net_work *work;
  float *x, *dy;
} bench;

static bench bench_create(void) {
  bench b = {.net = toy_net(NULL, toy_layers)};
  pflow_init_config init;
  pflow_init_config_init(&init);
  init.kind = PFLOW_INIT_NORMAL;
  init.std = 1.0;
  ck_ok(pflow_net_init(b.net, &init));
  ck_ok(pflow_net_work_create(&b.work, b.net, rows, PFLOW_TRAINING));
  b.x = normal_values(rows * 5, 1);
  b.dy = normal_values(rows * 3, 2);
  return b;
}

static void bench_destroy(bench *b) {
  pflow_net_work_destroy(b->work);
  pflow_net_destroy(b->net);
  pflow_free(b->x);
  pflow_free(b->dy);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

static void run_forward(const bench *b) {
  const float *y;
  ck_ok(pflow_net_forward(b->net, b->work, b->x, rows, &y));
}

START_TEST(gradients_match_differences) {
  bench b = bench_create();
  check_gradients(b.net, rows, 0x1p-5f, 1e-4);
  bench_destroy(&b);
}
END_TEST

START_TEST(gradients_add_up_and_do_not_need_dx) {
  bench b = bench_create();
  size_t size = pflow_net_param_size(b.net);
  float *grads = pflow_net_grads(b.net), *once = pflow_alloc(size, sizeof *once);
  float *dx = pflow_alloc(rows * 5, sizeof *dx);
  run_forward(&b);
  ck_ok(pflow_net_backward(b.net, b.work, b.dy, NULL));
  memcpy(once, grads, size * sizeof *once);
  run_forward(&b);
  ck_ok(pflow_net_backward(b.net, b.work, b.dy, dx));
  for (size_t i = 0; i < size; i++)
    ck_assert_msg(fabsf(grads[i] - 2 * once[i]) <= 1e-5f, "gradient %zu", i);
  ck_ok(pflow_net_zero_grads(b.net));
  run_forward(&b);
  ck_ok(pflow_net_backward(b.net, b.work, b.dy, dx));
  ck_assert_mem_eq(grads, once, size * sizeof *once);
  ck_assert(pflow_net_state(b.net)[0] == 3 * rows);
  pflow_free(once);
  pflow_free(dx);
  bench_destroy(&b);
}
END_TEST

START_TEST(fewer_rows_than_the_workspace_holds) {
  bench b = bench_create();
  pflow_net_work *exact;
  const float *y, *y_exact;
  size_t bytes = pflow_net_param_size(b.net) * sizeof(float);
  float *grads = pflow_alloc(1, bytes);
  ck_ok(pflow_net_work_create(&exact, b.net, 3, PFLOW_TRAINING));
  ck_ok(pflow_net_forward(b.net, exact, b.x, 3, &y_exact));
  ck_ok(pflow_net_backward(b.net, exact, b.dy, NULL));
  memcpy(grads, pflow_net_grads(b.net), bytes);
  ck_ok(pflow_net_zero_grads(b.net));
  ck_ok(pflow_net_forward(b.net, b.work, b.x, 3, &y));
  ck_assert_mem_eq(y, y_exact, 9 * sizeof *y);
  ck_ok(pflow_net_backward(b.net, b.work, b.dy, NULL));
  ck_assert_mem_eq(pflow_net_grads(b.net), grads, bytes);
  pflow_free(grads);
  pflow_net_work_destroy(exact);
  bench_destroy(&b);
}
END_TEST

START_TEST(prediction_takes_any_number_of_rows) {
  enum { n = 11 };
  pflow_net *net = toy_net(NULL, toy_layers);
  float *x = normal_values(n * 5, 3), y[n * 3 + 1], whole[n * 3];
  const float *trained;
  pflow_net_work *work;
  ck_ok(pflow_net_work_create(&work, net, n, PFLOW_TRAINING));
  ck_ok(pflow_net_forward(net, work, x, n, &trained));
  memcpy(whole, trained, sizeof whole); /* the toys train as they predict */
  pflow_net_work_destroy(work);
  for (size_t max_rows = 1; max_rows <= n + 1; max_rows++) {
    for (int mode = 0; mode <= 1; mode++) {
      memset(y, 0, sizeof y);
      ck_ok(pflow_net_work_create(&work, net, max_rows, (pflow_mode)mode));
      ck_ok(pflow_net_predict(net, work, x, n, y));
      ck_assert_mem_eq(y, whole, sizeof whole);
      ck_assert(y[n * 3] == 0.0f);
      ck_ok(pflow_net_predict(net, work, x, 0, y));
      pflow_net_work_destroy(work);
    }
  }
  ck_assert(pflow_net_state(net)[0] == n); /* prediction writes no state */
  pflow_free(x);
  pflow_net_destroy(net);
}
END_TEST

/* Weights depend on seed and layer alone, so a shorter network has the same ones. */
START_TEST(prefixes_equal_shorter_networks) {
  enum { n = 5 };
  pflow_net *net = toy_net(NULL, toy_layers);
  float *x = normal_values(n * 5, 3), want[n * 7], got[n * 7];
  for (size_t layers = 1; layers <= toy_layers; layers++) {
    pflow_net *prefix = toy_net(NULL, layers);
    pflow_net_work *work, *prefix_work;
    size_t size = n * pflow_net_out_size(prefix);
    ck_ok(pflow_net_work_create(&work, net, 2, layers % 2 ? PFLOW_TRAINING : 0));
    ck_ok(pflow_net_work_create(&prefix_work, prefix, 2, PFLOW_INFERENCE));
    ck_ok(pflow_net_predict(prefix, prefix_work, x, n, want));
    ck_ok(pflow_net_predict_upto(net, work, layers, x, n, got));
    ck_assert_mem_eq(got, want, size * sizeof *got);
    pflow_net_work_destroy(prefix_work);
    pflow_net_work_destroy(work);
    pflow_net_destroy(prefix);
  }
  pflow_free(x);
  pflow_net_destroy(net);
}
END_TEST

START_TEST(calls_out_of_order_are_refused) {
  bench b = bench_create();
  const float *y;
  float out[rows * 3];
  ck_fails(pflow_net_backward(b.net, b.work, b.dy, NULL), PFLOW_ESTATE, "forward before");
  ck_ok(pflow_net_forward(b.net, b.work, b.x, rows, &y));
  ck_ok(pflow_net_backward(b.net, b.work, b.dy, NULL));
  ck_fails(pflow_net_backward(b.net, b.work, b.dy, NULL), PFLOW_ESTATE, "forward before");
  ck_ok(pflow_net_forward(b.net, b.work, b.x, rows, &y));
  ck_ok(pflow_net_predict(b.net, b.work, b.x, rows, out));
  ck_fails(pflow_net_backward(b.net, b.work, b.dy, NULL), PFLOW_ESTATE, "forward before");
  ck_ok(pflow_net_forward(b.net, b.work, b.x, rows, &y));
  ck_fails(pflow_net_forward(b.net, b.work, b.x, 0, &y), PFLOW_ESHAPE, "of 0 rows");
  ck_assert_ptr_null(y);
  ck_fails(pflow_net_forward(b.net, b.work, b.x, 5, &y), PFLOW_ESHAPE, "5 rows");
  ck_ok(pflow_net_backward(b.net, b.work, b.dy, NULL)); /* refused forwards do no harm */
  bench_destroy(&b);
}
END_TEST

START_TEST(wrong_workspaces_are_refused) {
  bench b = bench_create();
  pflow_net *other = toy_net(NULL, toy_layers);
  pflow_net_work *infer;
  const float *y;
  float out[rows * 3];
  ck_ok(pflow_net_work_create(&infer, b.net, rows, PFLOW_INFERENCE));
  ck_fails(pflow_net_forward(b.net, infer, b.x, rows, &y), PFLOW_ESTATE, "INFERENCE");
  ck_fails(pflow_net_backward(b.net, infer, b.dy, NULL), PFLOW_ESTATE, "INFERENCE");
  ck_fails(pflow_net_forward(other, b.work, b.x, rows, &y), PFLOW_ESTATE, "another");
  ck_fails(pflow_net_backward(other, b.work, b.dy, NULL), PFLOW_ESTATE, "another");
  ck_fails(pflow_net_predict(other, b.work, b.x, rows, out), PFLOW_ESTATE, "another");
  ck_fails(pflow_net_predict_upto(b.net, infer, 0, b.x, rows, out), PFLOW_EINVAL, "0 la");
  ck_fails(pflow_net_predict_upto(b.net, infer, 11, b.x, 1, out), PFLOW_EINVAL, "11 la");
  pflow_net_work_destroy(infer);
  pflow_net_destroy(other);
  bench_destroy(&b);
}
END_TEST

START_TEST(null_arguments_are_named) {
  bench b = bench_create();
  const float *y;
  float out[rows * 3];
  ck_fails(pflow_net_forward(NULL, b.work, b.x, 1, &y), PFLOW_ENULL, "net");
  ck_fails(pflow_net_forward(b.net, NULL, b.x, 1, &y), PFLOW_ENULL, "work");
  ck_fails(pflow_net_forward(b.net, b.work, NULL, 1, &y), PFLOW_ENULL, "x is");
  ck_fails(pflow_net_forward(b.net, b.work, b.x, 1, NULL), PFLOW_ENULL, "y is");
  ck_fails(pflow_net_backward(NULL, b.work, b.dy, NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_backward(b.net, NULL, b.dy, NULL), PFLOW_ENULL, "work");
  ck_fails(pflow_net_backward(b.net, b.work, NULL, NULL), PFLOW_ENULL, "dy");
  ck_fails(pflow_net_predict(NULL, b.work, b.x, 1, out), PFLOW_ENULL, "net");
  ck_fails(pflow_net_predict(b.net, NULL, b.x, 1, out), PFLOW_ENULL, "work");
  ck_fails(pflow_net_predict(b.net, b.work, NULL, 1, out), PFLOW_ENULL, "x is");
  ck_fails(pflow_net_predict(b.net, b.work, b.x, 1, NULL), PFLOW_ENULL, "y is");
  ck_fails(pflow_net_predict_upto(NULL, b.work, 1, b.x, 1, out), PFLOW_ENULL, "net");
  ck_fails(pflow_net_predict_upto(b.net, NULL, 1, b.x, 1, out), PFLOW_ENULL, "work");
  ck_fails(pflow_net_predict_upto(b.net, b.work, 1, NULL, 1, out), PFLOW_ENULL, "x is");
  ck_fails(pflow_net_predict_upto(b.net, b.work, 1, b.x, 1, NULL), PFLOW_ENULL, "y is");
  bench_destroy(&b);
}
END_TEST

/* ---- layers that fail ---- */

typedef struct breaker {
  pflow_err forward, backward;
} breaker;

static pflow_err breaker_plan(pflow_layer_plan *plan, void *self) {
  (void)self;
  plan->out = plan->in;
  plan->in_place = 1;
  return PFLOW_OK;
}

static pflow_err breaker_forward(const pflow_layer_call *call, void *self) {
  (void)call;
  const breaker *me = self;
  return me->forward;
}

static pflow_err breaker_backward(const pflow_layer_call *call, void *self) {
  (void)call;
  const breaker *me = self;
  return me->backward;
}

START_TEST(a_layers_failure_is_passed_on) {
  const pflow_layer_class layer = {.struct_size = sizeof layer,
                                   .kind = "breaker",
                                   .plan = breaker_plan,
                                   .forward = breaker_forward,
                                   .backward = breaker_backward};
  breaker self = {PFLOW_EDIVERGED, PFLOW_ENOTFOUND};
  pflow_net *net;
  pflow_net_work *work;
  const float x[3] = {0}, *y;
  float out[3];
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(toy_add_dense(net, 3));
  ck_ok(pflow_net_add_layer(net, &layer, &self));
  ck_ok(pflow_net_build(net, (size_t[]){3}, 1));
  ck_ok(pflow_net_work_create(&work, net, 1, PFLOW_TRAINING));
  ck_fails(pflow_net_predict(net, work, x, 1, out), PFLOW_EDIVERGED,
           "breaker 1: forward");
  ck_fails(pflow_net_forward(net, work, x, 1, &y), PFLOW_EDIVERGED, "returned -18");
  ck_assert_ptr_null(y);
  ck_fails(pflow_net_backward(net, work, x, NULL), PFLOW_ESTATE, "forward before");
  self.forward = PFLOW_OK;
  ck_ok(pflow_net_forward(net, work, x, 1, &y));
  ck_fails(pflow_net_backward(net, work, x, NULL), PFLOW_ENOTFOUND, "1: backward");
  ck_fails(pflow_net_backward(net, work, x, NULL), PFLOW_ESTATE, "forward before");
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- threads ---- */

enum { shared_rows = 200 };

/* One thread's prediction with the shared network. */
typedef struct reader {
  const pflow_net *net;
  const float *x;
  float y[shared_rows * 3];
} reader;

static void *predict_often(void *user) {
  reader *me = user;
  pflow_net_work *work;
  ck_ok(pflow_net_work_create(&work, me->net, 7, PFLOW_INFERENCE));
  for (int i = 0; i < 20; i++)
    ck_ok(pflow_net_predict(me->net, work, me->x, shared_rows, me->y));
  pflow_net_work_destroy(work);
  return NULL;
}

START_TEST(threads_share_a_network) {
  static reader readers[4];
  pflow_net *net = toy_net(NULL, toy_layers);
  float *x = normal_values(shared_rows * 5, 3);
  pthread_t thread[4];
  for (int i = 0; i < 4; i++) {
    readers[i] = (reader){.net = net, .x = x};
    ck_assert_int_eq(pthread_create(&thread[i], NULL, predict_often, &readers[i]), 0);
  }
  for (int i = 0; i < 4; i++)
    pthread_join(thread[i], NULL);
  for (int i = 1; i < 4; i++)
    ck_assert_mem_eq(readers[i].y, readers[0].y, sizeof readers[i].y);
  ck_assert(readers[0].y[0] != readers[0].y[3]);
  pflow_free(x);
  pflow_net_destroy(net);
}
END_TEST

int main(void) {
  return run_tests("net_run",
                   TESTS(gradients_match_differences, gradients_add_up_and_do_not_need_dx,
                         fewer_rows_than_the_workspace_holds,
                         prediction_takes_any_number_of_rows,
                         prefixes_equal_shorter_networks, calls_out_of_order_are_refused,
                         wrong_workspaces_are_refused, null_arguments_are_named,
                         a_layers_failure_is_passed_on, threads_share_a_network));
}
