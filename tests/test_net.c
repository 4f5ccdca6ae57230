/*
 * test_net.c - building networks and workspaces, and what they refuse.
 */
#include <stdlib.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/suite.h"
#include "support/toy.h"

/* A layer that plans what it is told to and counts how often it was destroyed. */
typedef struct fake {
  pflow_layer_plan plan;
  pflow_err plan_rc;
  int destroyed;
} fake;

static pflow_err fake_plan(pflow_layer_plan *plan, void *self) {
  const fake *me = self;
  pflow_shape in = plan->in;
  *plan = me->plan;
  plan->in = in;
  return me->plan_rc;
}

static pflow_err fake_run(const pflow_layer_call *call, void *self) {
  (void)call;
  (void)self;
  return PFLOW_OK;
}

static void fake_destroy(void *self) {
  fake *me = self;
  me->destroyed++;
}

static const pflow_layer_class fake_class = {.struct_size = sizeof fake_class,
                                             .kind = "fake",
                                             .plan = fake_plan,
                                             .forward = fake_run,
                                             .backward = fake_run,
                                             .destroy = fake_destroy};

/* A well-behaved fake: 2 values, one array of each kind. */
static fake good_fake(void) {
  fake f = {.plan = {.out = {1, {2}}, .n_params = 2}};
  f.plan.param[0] = (pflow_param_spec){"weight", PFLOW_PARAM_WEIGHT, 2, {2, 4}, 4, 2, 0};
  f.plan.param[1] = (pflow_param_spec){"count", PFLOW_PARAM_STATE, 1, {3}, 0, 0, 0.5f};
  return f;
}

/* The result of building a dense layer of 4 and then the fake. */
static pflow_err build_fake(fake *f) {
  pflow_net *net;
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(toy_add_dense(net, 4));
  ck_ok(pflow_net_add_layer(net, &fake_class, f));
  pflow_err rc = pflow_net_build(net, (size_t[]){3}, 1);
  ck_assert((pflow_net_params(net) == NULL) == (rc < 0));
  pflow_net_destroy(net);
  return rc;
}

START_TEST(sizes_are_zero_before_build) {
  pflow_net *net;
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(toy_add_dense(net, 4));
  ck_assert_uint_eq(pflow_net_layers(net), 1);
  ck_assert_uint_eq(pflow_net_in_size(net) + pflow_net_out_size(net), 0);
  ck_assert_uint_eq(pflow_net_param_size(net) + pflow_net_state_size(net), 0);
  ck_assert_uint_eq(pflow_net_param_count(net), 0);
  ck_assert(!pflow_net_params(net) && !pflow_net_grads(net) && !pflow_net_state(net));
  pflow_layer_info info;
  ck_ok(pflow_net_layer_info(net, 0, &info));
  ck_assert_str_eq(info.kind, "dense");
  ck_assert_uint_eq(info.in.ndim + info.out.ndim, 0);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_net_layers(NULL) + pflow_net_in_size(NULL), 0);
  ck_assert_uint_eq(pflow_net_out_size(NULL) + pflow_net_param_size(NULL), 0);
  ck_assert_uint_eq(pflow_net_state_size(NULL) + pflow_net_param_count(NULL), 0);
  ck_assert_uint_eq(pflow_net_work_bytes(NULL), 0);
  ck_assert(!pflow_net_params(NULL) && !pflow_net_const_params(NULL));
  ck_assert(!pflow_net_grads(NULL) && !pflow_net_state(NULL));
  pflow_net_destroy(NULL);
  pflow_net_work_destroy(NULL);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(arrays_lie_in_order_of_layers) {
  static const struct {
    const char *name;
    size_t size;
    int trained;
  } want[] = {{"1.weight", 35, 1}, {"1.bias", 7, 1},    {"5.scale", 7, 1},
              {"5.seen", 1, 0},    {"7.weight", 42, 1}, {"7.bias", 6, 1},
              {"8.weight", 18, 1}, {"8.bias", 3, 1}};
  pflow_net *net = toy_net(NULL, toy_layers);
  size_t at[2] = {0, 0};
  ck_assert_uint_eq(pflow_net_param_count(net), 8);
  for (size_t i = 0; i < 8; i++) {
    pflow_param param;
    int trained = want[i].trained;
    ck_ok(pflow_net_param(net, i, &param));
    ck_assert_str_eq(param.name, want[i].name);
    ck_assert_uint_eq(param.size, want[i].size);
    float *block = trained ? pflow_net_params(net) : pflow_net_state(net);
    ck_assert_ptr_eq(param.value, block + at[trained]);
    ck_assert_ptr_eq(param.grad, trained ? pflow_net_grads(net) + at[1] : NULL);
    at[trained] += param.size;
  }
  ck_assert_uint_eq(pflow_net_param_size(net), at[1]);
  ck_assert_uint_eq(pflow_net_state_size(net), at[0]);
  ck_assert_ptr_eq(pflow_net_const_params(net), pflow_net_params(net));
  pflow_net_destroy(net);
}
END_TEST

START_TEST(layers_describe_themselves) {
  pflow_net *net = toy_net(NULL, toy_layers);
  pflow_layer_info info;
  pflow_param param;
  ck_assert_uint_eq(pflow_net_layers(net), toy_layers);
  ck_assert_uint_eq(pflow_net_in_size(net), 5);
  ck_assert_uint_eq(pflow_net_out_size(net), 3);
  ck_ok(pflow_net_layer_info(net, 7, &info));
  ck_assert_str_eq(info.kind, "dense");
  ck_assert_uint_eq(info.n_attrs, 1);
  ck_assert_str_eq(info.attr[0].name, "out");
  ck_assert(info.attr[0].value == 6.0);
  ck_assert(info.in.ndim == 1 && info.in.dim[0] == 7);
  ck_assert(info.out.ndim == 1 && info.out.dim[0] == 6);
  ck_ok(pflow_net_param(net, 4, &param));
  ck_assert(param.ndim == 2 && param.shape[0] == 6 && param.shape[1] == 7);
  ck_fails(pflow_net_layer_info(net, 10, &info), PFLOW_EINVAL, "layer 10 of a network");
  ck_fails(pflow_net_param(net, 8, &param), PFLOW_EINVAL, "array 8 of a network of 8");
  ck_fails(pflow_net_layer_info(NULL, 0, &info), PFLOW_ENULL, "net");
  ck_fails(pflow_net_layer_info(net, 0, NULL), PFLOW_ENULL, "info");
  ck_fails(pflow_net_param(NULL, 0, &param), PFLOW_ENULL, "net");
  ck_fails(pflow_net_param(net, 0, NULL), PFLOW_ENULL, "param");
  pflow_net_destroy(net);
}
END_TEST

START_TEST(building_out_of_order_is_refused) {
  pflow_net *net;
  pflow_param param;
  pflow_net_work *work;
  pflow_net_config config = {0};
  ck_fails(pflow_net_create(NULL, NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_create(&net, &config), PFLOW_EINVAL, "struct_size is 0");
  ck_assert_ptr_null(net);
  config.struct_size = sizeof config.struct_size;
  ck_ok(pflow_net_create(&net, &config));
  ck_fails(pflow_net_build(net, (size_t[]){3}, 1), PFLOW_ESTATE, "without layers");
  ck_ok(toy_add_dense(net, 4));
  ck_fails(pflow_net_init(net, NULL), PFLOW_ESTATE, "before build");
  ck_fails(pflow_net_zero_grads(net), PFLOW_ESTATE, "before build");
  ck_fails(pflow_net_param(net, 0, &param), PFLOW_ESTATE, "before build");
  ck_fails(pflow_net_work_create(&work, net, 1, PFLOW_TRAINING), PFLOW_ESTATE, "build");
  ck_fails(pflow_net_build(NULL, (size_t[]){3}, 1), PFLOW_ENULL, "net");
  ck_fails(pflow_net_build(net, NULL, 1), PFLOW_ENULL, "row_shape");
  ck_fails(pflow_net_build(net, (size_t[]){3, 4}, 2), PFLOW_ESHAPE, "2 dimensions");
  ck_fails(pflow_net_build(net, (size_t[]){0}, 0), PFLOW_ESHAPE, "0 dimensions");
  ck_fails(pflow_net_build(net, (size_t[]){3}, 4), PFLOW_ESHAPE, "4 dimensions");
  ck_fails(pflow_net_build(net, (size_t[]){3, 0, 3}, 3), PFLOW_ESHAPE, "dimension 1");
  ck_fails(pflow_net_build(net, (size_t[]){3, SIZE_MAX, 2}, 3), PFLOW_EOVERFLOW, "*");
  ck_ok(pflow_net_build(net, (size_t[]){3}, 1));
  ck_fails(pflow_net_build(net, (size_t[]){3}, 1), PFLOW_ESTATE, "already built");
  ck_fails(toy_add_dense(net, 4), PFLOW_ESTATE, "dense cannot be added");
  ck_fails(pflow_net_zero_grads(NULL), PFLOW_ENULL, "net");
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Adding must fail with ENULL or EINVAL, name `text`, and destroy self. */
static void refuse_class(pflow_net *net, const pflow_layer_class *layer, pflow_err code,
                         const char *text) {
  fake f = good_fake();
  ck_fails(pflow_net_add_layer(net, layer, &f), code, text);
  ck_assert_int_eq(f.destroyed, 1);
}

START_TEST(bad_classes_are_refused) {
  pflow_net *net;
  fake f = good_fake();
  ck_ok(pflow_net_create(&net, NULL));
  pflow_layer_class bad = fake_class;
  bad.kind = NULL;
  refuse_class(net, &bad, PFLOW_ENULL, "kind");
  bad.kind = "a kind of thirty-two characters.";
  refuse_class(net, &bad, PFLOW_EINVAL, "has 32 characters");
  bad.kind = "";
  refuse_class(net, &bad, PFLOW_EINVAL, "0 characters");
  bad = fake_class;
  bad.plan = NULL;
  refuse_class(net, &bad, PFLOW_ENULL, "plan");
  bad = fake_class;
  bad.forward = NULL;
  refuse_class(net, &bad, PFLOW_ENULL, "forward");
  bad = fake_class;
  bad.backward = NULL;
  refuse_class(net, &bad, PFLOW_ENULL, "backward");
  refuse_class(NULL, &fake_class, PFLOW_ENULL, "net");
  bad = fake_class;
  bad.struct_size = 0;
  ck_fails(pflow_net_add_layer(net, &bad, &f), PFLOW_EINVAL, "struct_size is 0");
  ck_fails(pflow_net_add_layer(net, NULL, &f), PFLOW_ENULL, "layer");
  ck_assert_uint_eq(pflow_net_layers(net), 0);
  pflow_net_destroy(net);
}
END_TEST

/* The good fake with one thing changed must be refused at build, and still destroyed. */
#define refuse_plan(change, code, text)                                                  \
  do {                                                                                   \
    fake f = good_fake();                                                                \
    change;                                                                              \
    ck_fails(build_fake(&f), code, text);                                                \
    ck_assert_int_eq(f.destroyed, 1);                                                    \
  } while (0)

START_TEST(bad_plans_are_refused) {
  fake good = good_fake();
  ck_ok(build_fake(&good));
  refuse_plan(f.plan.out.ndim = 2, PFLOW_ESHAPE, "the output of fake 1 has 2 dimensions");
  refuse_plan(f.plan.out.dim[0] = 0, PFLOW_ESHAPE, "dimension 0 of the output of fake 1");
  refuse_plan(f.plan.in_place = 1, PFLOW_ESHAPE, "makes 2 values of 4");
  refuse_plan(f.plan.n_params = 5, PFLOW_EINVAL, "fake 1 plans 5 arrays, at most 4");
  refuse_plan(f.plan.param[1].name[0] = 0, PFLOW_EINVAL, "array 1 of fake 1");
  refuse_plan(memset(f.plan.param[0].name, 'a', 32), PFLOW_EINVAL, "32 characters");
  refuse_plan(f.plan.param[0].kind = (pflow_param_kind)4, PFLOW_EINVAL, "kind 4");
  refuse_plan(f.plan.param[0].ndim = 5, PFLOW_EINVAL, "5 dimensions");
  refuse_plan(f.plan.param[0].ndim = 0, PFLOW_EINVAL, "0 dimensions");
  refuse_plan(f.plan.param[0].shape[1] = 0, PFLOW_EINVAL, "dimension 1 of array 0");
  refuse_plan(f.plan.param[0].fan_in = 0, PFLOW_EINVAL, "fan_in 0");
  refuse_plan(f.plan.param[0].fan_out = 0, PFLOW_EINVAL, "fan_out 0");
  refuse_plan(f.plan.param[0].shape[0] = SIZE_MAX / 3, PFLOW_EOVERFLOW, "array 0");
  refuse_plan(f.plan.param[1].shape[0] = SIZE_MAX / 4 + 1, PFLOW_EOVERFLOW, "overflows");
  refuse_plan(f.plan_rc = PFLOW_EDIVERGED, PFLOW_EDIVERGED, "fake 1: plan returned -18");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(failed_build_can_be_repeated) {
  pflow_net *net;
  fake f = good_fake();
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(pflow_net_add_layer(net, &fake_class, &f));
  f.plan_rc = PFLOW_ESHAPE;
  ck_fails(pflow_net_build(net, (size_t[]){4}, 1), PFLOW_ESHAPE, "fake 0");
  ck_assert_uint_eq(pflow_net_param_size(net), 0);
  f.plan_rc = PFLOW_OK;
  ck_ok(pflow_net_build(net, (size_t[]){4}, 1));
  ck_assert_uint_eq(pflow_net_param_size(net), 8);
  ck_assert_uint_eq(pflow_net_state_size(net), 3);
  ck_assert_str_eq(pflow_errmsg(), "fake 0: plan returned -4"); /* success leaves it */
  pflow_net_destroy(net);
}
END_TEST

START_TEST(bad_workspaces_are_refused) {
  pflow_net *net = toy_net(NULL, toy_layers);
  pflow_net_work *work;
  ck_fails(pflow_net_work_create(NULL, net, 1, PFLOW_TRAINING), PFLOW_ENULL, "work");
  ck_fails(pflow_net_work_create(&work, NULL, 1, PFLOW_TRAINING), PFLOW_ENULL, "net");
  ck_fails(pflow_net_work_create(&work, net, 0, PFLOW_TRAINING), PFLOW_EINVAL, "0 rows");
  ck_fails(pflow_net_work_create(&work, net, 1, (pflow_mode)2), PFLOW_EINVAL,
           "mode is 2");
  for (int mode = 0; mode <= 1; mode++) {
    const size_t rows[] = {SIZE_MAX, SIZE_MAX / 7, SIZE_MAX / 4 / 7, SIZE_MAX / 80};
    for (size_t i = 0; i < 4; i++)
      ck_fails(pflow_net_work_create(&work, net, rows[i], (pflow_mode)mode),
               PFLOW_EOVERFLOW, "overflows");
  }
  ck_assert_ptr_null(work);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- memory ---- */

/* Values per row of each toy layer's output, and floats in 64-byte pieces. */
static size_t padded(size_t floats) {
  return (floats + 15) / 16 * 16;
}

/*
 * The moments that need most: prediction in layer 5 (its input, output and scratch),
 * training in backward of layer 8 (outputs 0 to 5, 7 and 8, what layer 5 saved, and two
 * gradients).
 */
START_TEST(workspaces_hold_what_they_need) {
  counting_install();
  const size_t n = 1000;
  pflow_net *net = toy_net(NULL, toy_layers);
  pflow_net_work *infer, *train;
  size_t infer_floats = 2 * padded(n * 7) + padded(n * 7 + 3);
  size_t train_floats = padded(n * 5) + 5 * padded(n * 7) + padded(n * 6) +
                        padded(n * 3) + padded(n + 1) + padded(n * 3) + padded(n * 6);
  ck_ok(pflow_net_work_create(&infer, net, n, PFLOW_INFERENCE));
  /* Each block carries one alignment unit of the allocator's own. */
  ck_assert_uint_eq(counting_largest(), 4 * infer_floats + PFLOW_ALIGNMENT);
  ck_ok(pflow_net_work_create(&train, net, n, PFLOW_TRAINING));
  ck_assert_uint_ge(counting_largest(), 4 * train_floats + PFLOW_ALIGNMENT);
  ck_assert_uint_le(counting_largest(), 4 * train_floats / 20 * 21); /* little is lost */
  ck_assert_uint_ge(pflow_net_work_bytes(train), counting_largest() - PFLOW_ALIGNMENT);
  ck_assert_uint_ge(pflow_net_work_bytes(infer), 4 * infer_floats);
  ck_assert_uint_lt(pflow_net_work_bytes(infer), 4 * infer_floats + 1024);
  pflow_net_work_destroy(train);
  pflow_net_work_destroy(infer);
  pflow_net_destroy(net);
  counting_remove();
}
END_TEST

START_TEST(running_allocates_nothing) {
  counting_install();
  pflow_net *net = toy_net(NULL, toy_layers);
  pflow_net_work *work;
  float *x = normal_values(20 * 5, 1), *dx = normal_values(20 * 5, 2);
  int32_t labels[20] = {0};
  const float *y;
  double loss;
  ck_ok(pflow_net_work_create(&work, net, 20, PFLOW_TRAINING));
  size_t calls = counting_calls();
  ck_ok(pflow_net_init(net, NULL));
  ck_ok(pflow_net_zero_grads(net));
  ck_ok(pflow_net_forward(net, work, x, 20, &y));
  ck_ok(pflow_loss_cross_entropy(y, labels, 20, 3, &loss, dx));
  ck_ok(pflow_net_backward(net, work, dx, NULL));
  ck_ok(pflow_net_predict(net, work, x, 20, dx));
  ck_ok(pflow_loss_mse(dx, x, 20, 3, &loss, dx));
  ck_assert_uint_eq(counting_calls(), calls);
  pflow_free(x);
  pflow_free(dx);
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  counting_remove();
}
END_TEST

/* Everything that allocates: 18 layers make the list of layers grow once; a plan of a
 * workspace takes two blocks. */
static pflow_err make_all(void *user) {
  (void)user;
  pflow_net *net;
  pflow_net_work *work = NULL;
  pflow_err rc = pflow_net_create(&net, NULL);
  for (int i = 0; rc == PFLOW_OK && i < 18; i++)
    rc = toy_add_norm(net);
  if (rc == PFLOW_OK) rc = pflow_net_build(net, (size_t[]){3}, 1);
  if (rc == PFLOW_OK) rc = pflow_net_work_create(&work, net, 2, PFLOW_TRAINING);
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  return rc;
}

START_TEST(failed_allocations_leave_nothing) {
  failing_install();
  ck_assert_uint_eq(check_failures(make_all, NULL), 1 + 18 + 2 + 3 + 2 + 2);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("net",
                   TESTS(sizes_are_zero_before_build, arrays_lie_in_order_of_layers,
                         layers_describe_themselves, building_out_of_order_is_refused,
                         bad_classes_are_refused, bad_plans_are_refused,
                         failed_build_can_be_repeated, bad_workspaces_are_refused,
                         workspaces_hold_what_they_need, running_allocates_nothing,
                         failed_allocations_leave_nothing));
}
