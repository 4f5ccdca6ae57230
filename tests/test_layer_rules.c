/*
 * test_layer_rules.c - what holds for every built-in layer: settings and shapes that are
 * refused, descriptions, threads, memory.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting.h"
#include "support/failing.h"
#include "support/suite.h"
#include "support/trial.h"

/* A network of every kind, large enough for several chunks a loop. */
static pflow_err add_every_kind(pflow_net *net) {
  pflow_conv2d_config config;
  pflow_conv2d_config_init(&config);
  config.out_channels = 11;
  config.kernel_h = 2;
  config.stride_w = 2;
  config.pad_w = 3;
  config.bias = 1;
  pflow_err rc = pflow_net_add_conv2d(net, 70, 3, 1);
  if (rc == PFLOW_OK) rc = pflow_net_add_batchnorm(net);
  if (rc == PFLOW_OK) rc = pflow_net_add_relu(net);
  if (rc == PFLOW_OK) rc = pflow_net_add_maxpool2d(net, 3, 2);
  if (rc == PFLOW_OK) rc = pflow_net_add_conv2d_config(net, &config);
  if (rc == PFLOW_OK) rc = pflow_net_add_silu(net);
  if (rc == PFLOW_OK) rc = pflow_net_add_flatten(net);
  if (rc == PFLOW_OK) rc = pflow_net_add_linear(net, 150, 1);
  if (rc == PFLOW_OK) rc = pflow_net_add_batchnorm(net);
  if (rc == PFLOW_OK) rc = pflow_net_add_l2norm(net);
  return rc;
}

START_TEST(results_do_not_depend_on_threads) {
  trial first = {0};
  pflow_pool *pool[3];
  for (size_t i = 0; i < 3; i++) {
    ck_ok(pflow_pool_create(&pool[i], i + 1));
    trial t = trial_begin(pool[i], 3000000);
    ck_ok(add_every_kind(t.net));
    trial_build(&t, (size_t[]){3, 24, 22}, 3, 20);
    trial_run(&t);
    if (i == 0) {
      first = t;
      continue;
    }
    ck_assert_mem_eq(t.y, first.y, t.rows * t.out * sizeof *t.y);
    ck_assert_mem_eq(t.dx, first.dx, t.rows * t.in * sizeof *t.dx);
    ck_assert_mem_eq(pflow_net_grads(t.net), pflow_net_grads(first.net),
                     pflow_net_param_size(t.net) * sizeof(float));
    ck_assert_mem_eq(pflow_net_state(t.net), pflow_net_state(first.net),
                     pflow_net_state_size(t.net) * sizeof(float));
    trial_end(&t);
  }
  trial_end(&first);
  for (size_t i = 0; i < 3; i++)
    pflow_pool_destroy(pool[i]);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- refused settings ---- */

static pflow_net *new_net(void) {
  pflow_net *net;
  ck_ok(pflow_net_create(&net, NULL));
  return net;
}

START_TEST(null_is_refused) {
  pflow_net *net = new_net();
  pflow_layer_info info = {.kind = "relu"};
  pflow_conv2d_config conv;
  pflow_conv2d_config_init(&conv);
  ck_fails(pflow_net_add_conv2d(NULL, 1, 1, 0), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_conv2d_config(NULL, &conv), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_conv2d_config(net, NULL), PFLOW_ENULL, "config");
  ck_fails(pflow_net_add_linear(NULL, 1, 0), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_batchnorm(NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_batchnorm_config(NULL, NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_relu(NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_silu(NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_maxpool2d(NULL, 1, 1), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_flatten(NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_l2norm(NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_info(NULL, &info), PFLOW_ENULL, "net");
  ck_fails(pflow_net_add_info(net, NULL), PFLOW_ENULL, "info");
  ck_assert_uint_eq(pflow_net_layers(net), 0);
  pflow_net_destroy(net);
}
END_TEST

START_TEST(zero_settings_are_named) {
  pflow_net *net = new_net();
  const char *names[] = {"out_channels", "kernel_h", "kernel_w", "stride_h", "stride_w"};
  ck_ok(pflow_net_add_relu(net));
  for (size_t i = 0; i < 5; i++) {
    pflow_conv2d_config config;
    pflow_conv2d_config_init(&config);
    config.out_channels = 8;
    size_t *fields[] = {&config.out_channels, &config.kernel_h, &config.kernel_w,
                        &config.stride_h, &config.stride_w};
    *fields[i] = 0;
    char text[64] = "conv2d 1: ";
    strcat(strcat(text, names[i]), " is 0, wants at least 1");
    ck_fails(pflow_net_add_conv2d_config(net, &config), PFLOW_EINVAL, text);
  }
  ck_fails(pflow_net_add_conv2d(net, 0, 3, 1), PFLOW_EINVAL, "out_channels is 0");
  ck_fails(pflow_net_add_linear(net, 0, 1), PFLOW_EINVAL, "linear 1: out_features is 0");
  ck_fails(pflow_net_add_maxpool2d(net, 0, 2), PFLOW_EINVAL, "maxpool2d 1: kernel is 0");
  ck_fails(pflow_net_add_maxpool2d(net, 3, 0), PFLOW_EINVAL, "maxpool2d 1: stride is 0");
  ck_assert_uint_eq(pflow_net_layers(net), 1);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(batchnorm_settings_are_named) {
  const struct {
    double eps, momentum;
    const char *text;
  } bad[] = {
      {0.0, 0.1, "batchnorm 0: eps is 0,"}, {-1.0, 0.1, "eps is -1,"},
      {INFINITY, 0.1, "eps is inf,"},       {NAN, 0.1, "eps is "},
      {1e-5, -0.5, "momentum is -0.5,"},    {1e-5, 1.5, "batchnorm 0: momentum is 1.5,"},
      {1e-5, NAN, "momentum is "},
  };
  pflow_net *net = new_net();
  pflow_batchnorm_config config;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    pflow_batchnorm_config_init(&config);
    config.eps = bad[i].eps;
    config.momentum = bad[i].momentum;
    ck_fails(pflow_net_add_batchnorm_config(net, &config), PFLOW_EINVAL, bad[i].text);
  }
  memset(&config, 0, sizeof config);
  ck_fails(pflow_net_add_batchnorm_config(net, &config), PFLOW_EINVAL, "struct_size");
  config.struct_size =
      offsetof(pflow_batchnorm_config, momentum); /* an older program's */
  config.eps = 0.5;
  config.momentum = 99.0;
  pflow_layer_info info;
  ck_ok(pflow_net_add_batchnorm_config(net, &config));
  ck_ok(pflow_net_layer_info(net, 0, &info));
  ck_assert(info.attr[0].value == 0.5 && info.attr[1].value == 0.1);
  pflow_net_destroy(net);
}
END_TEST

START_TEST(built_networks_take_no_layer) {
  trial t = trial_begin(NULL, 0);
  ck_ok(pflow_net_add_relu(t.net));
  trial_build(&t, (size_t[]){3, 2, 2}, 3, 1);
  ck_fails(pflow_net_add_conv2d(t.net, 1, 1, 0), PFLOW_ESTATE, "conv2d");
  ck_fails(pflow_net_add_linear(t.net, 1, 0), PFLOW_ESTATE, "linear");
  ck_fails(pflow_net_add_flatten(t.net), PFLOW_ESTATE, "flatten");
  trial_end(&t);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- refused shapes ---- */

/* relu and then a layer, built for rows of a shape. */
static void check_build(pflow_net *net, const size_t *shape, size_t ndim, pflow_err code,
                        const char *text) {
  ck_fails(pflow_net_build(net, shape, ndim), code, text);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}

static pflow_net *net_with_relu(void) {
  pflow_net *net = new_net();
  ck_ok(pflow_net_add_relu(net));
  return net;
}

START_TEST(shapes_are_named) {
  const size_t image[] = {3, 32, 31}, vector[] = {5};
  pflow_net *net = net_with_relu();
  ck_ok(pflow_net_add_linear(net, 4, 0));
  check_build(net, image, 3, PFLOW_ESHAPE, "linear 1 wants a vector, got 3 x 32 x 31");
  net = net_with_relu();
  ck_ok(pflow_net_add_conv2d(net, 4, 3, 1));
  check_build(net, vector, 1, PFLOW_ESHAPE, "conv2d 1 wants an image, got a vector of 5");
  net = net_with_relu();
  ck_ok(pflow_net_add_maxpool2d(net, 3, 2));
  check_build(net, vector, 1, PFLOW_ESHAPE,
              "maxpool2d 1 wants an image, got a vector of 5");
  net = net_with_relu();
  ck_ok(pflow_net_add_maxpool2d(net, 32, 2));
  check_build(net, image, 3, PFLOW_ESHAPE,
              "maxpool2d 1 wants an image of at least 32 x 32, got 3 x 32 x 31");
  net = net_with_relu();
  ck_ok(pflow_net_add_maxpool2d(net, 2, 2));
  check_build(net, (size_t[]){1, 65536, 65536}, 3, PFLOW_ESHAPE,
              "maxpool2d 1 wants at most 4294967295 pixels, got 1 x 65536 x 65536");
  net = net_with_relu();
  ck_ok(pflow_net_add_conv2d(net, 4, 34, 1));
  check_build(net, image, 3, PFLOW_ESHAPE,
              "conv2d 1 wants an image of at least 34 x 34 with padding 1 x 1, got "
              "3 x 32 x 31");
}
END_TEST

START_TEST(hostile_sizes_are_refused) {
  const size_t image[] = {3, 8, 8}, vector[] = {5}, half = SIZE_MAX / 2 + 1;
  pflow_net *net = net_with_relu();
  ck_ok(pflow_net_add_conv2d(net, half, 3, 1));
  check_build(net, image, 3, PFLOW_EOVERFLOW, "conv2d");
  net = net_with_relu();
  ck_ok(pflow_net_add_conv2d(net, 4, 3, half));
  check_build(net, image, 3, PFLOW_EOVERFLOW, "padding");
  net = net_with_relu();
  ck_ok(pflow_net_add_conv2d(net, 4, 3, (size_t)1 << 40));
  check_build(net, image, 3, PFLOW_EOVERFLOW, "conv2d");
  net = net_with_relu();
  ck_ok(pflow_net_add_conv2d(net, 4, (size_t)1 << 33, (size_t)1 << 32));
  check_build(net, image, 3, PFLOW_EOVERFLOW, "conv2d kernel");
  net = net_with_relu();
  ck_ok(pflow_net_add_linear(net, half, 0));
  check_build(net, vector, 1, PFLOW_EOVERFLOW, "linear 1");
  net = net_with_relu();
  ck_ok(pflow_net_add_linear(net, half / 8, 0));
  check_build(net, vector, 1, PFLOW_EOVERFLOW, "overflows");
}
END_TEST

/* ---- descriptions ---- */

START_TEST(descriptions_build_the_same_layers) {
  trial from = trial_begin(NULL, 0), to = trial_begin(NULL, 0);
  ck_ok(add_every_kind(from.net));
  for (size_t i = 0; i < pflow_net_layers(from.net); i++) {
    pflow_layer_info info, again;
    ck_ok(pflow_net_layer_info(from.net, i, &info));
    ck_ok(pflow_net_add_info(to.net, &info));
    ck_ok(pflow_net_layer_info(to.net, i, &again));
    ck_assert_mem_eq(&info, &again, sizeof info);
  }
  trial_build(&from, (size_t[]){2, 9, 8}, 3, 3);
  trial_build(&to, (size_t[]){2, 9, 8}, 3, 3);
  trial_run(&from);
  trial_run(&to);
  ck_assert_mem_eq(to.y, from.y, to.rows * to.out * sizeof *to.y);
  ck_assert_mem_eq(to.dx, from.dx, to.rows * to.in * sizeof *to.dx);
  trial_end(&from);
  trial_end(&to);
}
END_TEST

START_TEST(descriptions_hold_the_settings) {
  pflow_net *net = new_net();
  pflow_layer_info info;
  ck_ok(add_every_kind(net));
  ck_ok(pflow_net_layer_info(net, 4, &info));
  const char *names[] = {"out_channels", "kernel_h", "kernel_w", "stride_h",
                         "stride_w",     "pad_h",    "pad_w",    "bias"};
  const double values[] = {11, 2, 3, 1, 2, 0, 3, 1};
  ck_assert_str_eq(info.kind, "conv2d");
  ck_assert_uint_eq(info.n_attrs, 8);
  for (size_t i = 0; i < 8; i++) {
    ck_assert_str_eq(info.attr[i].name, names[i]);
    ck_assert(info.attr[i].value == values[i]);
  }
  ck_ok(pflow_net_layer_info(net, 1, &info));
  ck_assert_str_eq(info.attr[0].name, "eps");
  ck_assert(info.attr[0].value == 1e-5 && info.attr[1].value == 0.1);
  pflow_net_destroy(net);
}
END_TEST

START_TEST(bad_descriptions_are_named) {
  const pflow_layer_info good = {
      .kind = "maxpool2d", .n_attrs = 2, .attr = {{"kernel", 3}, {"stride", 2}}};
  pflow_net *net = net_with_relu();
  pflow_layer_info info = good;
  strcpy(info.kind, "dropout");
  ck_fails(pflow_net_add_info(net, &info), PFLOW_EUNSUPPORTED,
           "layer 1: unknown kind \"dropout\"");
  memset(info.kind, 'x', sizeof info.kind);
  ck_fails(pflow_net_add_info(net, &info), PFLOW_EUNSUPPORTED, "\"xxxxxxxx");
  info = good;
  info.n_attrs = 1;
  ck_fails(pflow_net_add_info(net, &info), PFLOW_EINVAL,
           "maxpool2d 1: attribute \"stride\" is missing");
  info.n_attrs = SIZE_MAX;
  ck_fails(pflow_net_add_info(net, &info), PFLOW_EINVAL, "attributes, at most 16");
  info = good;
  strcpy(info.attr[1].name, "padding");
  ck_fails(pflow_net_add_info(net, &info), PFLOW_EINVAL, "\"padding\" is unknown");
  memset(info.attr[1].name, 'y', sizeof info.attr[1].name);
  ck_fails(pflow_net_add_info(net, &info), PFLOW_EINVAL, "\"yyyyyyyy");
  strcpy(info.attr[1].name, "kernel");
  ck_fails(pflow_net_add_info(net, &info), PFLOW_EINVAL, "\"kernel\" is given twice");
  ck_assert_uint_eq(pflow_net_layers(net), 1);
  pflow_net_destroy(net);
}
END_TEST

START_TEST(bad_attribute_values_are_named) {
  const struct {
    double value;
    const char *text;
  } bad[] = {
      {2.5, "kernel is 2.5, wants a whole number"},
      {-1.0, "kernel is -1,"},
      {0.0, "kernel is 0,"},
      {1e300, "kernel is 1e+300,"},
      {INFINITY, "kernel is inf,"},
      {NAN, "kernel is "},
  };
  pflow_net *net = new_net();
  pflow_layer_info info = {
      .kind = "maxpool2d", .n_attrs = 2, .attr = {{"stride", 2}, {"kernel", 0}}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    info.attr[1].value = bad[i].value;
    ck_fails(pflow_net_add_info(net, &info), PFLOW_EINVAL, bad[i].text);
  }
  pflow_layer_info linear = {
      .kind = "linear", .n_attrs = 2, .attr = {{"out_features", 2}, {"bias", 2}}};
  ck_fails(pflow_net_add_info(net, &linear), PFLOW_EINVAL, "bias is 2, wants 0 or 1");
  pflow_layer_info norm = {
      .kind = "batchnorm", .n_attrs = 2, .attr = {{"eps", -1}, {"momentum", 0.1}}};
  ck_fails(pflow_net_add_info(net, &norm), PFLOW_EINVAL, "eps is -1");
  ck_assert_uint_eq(pflow_net_layers(net), 0);
  pflow_net_destroy(net);
}
END_TEST

/* ---- memory ---- */

static pflow_err make_every_kind(void *user) {
  pflow_net *net;
  pflow_net_work *work = NULL;
  (void)user;
  pflow_err rc = pflow_net_create(&net, NULL);
  if (rc < 0) return rc;
  rc = add_every_kind(net);
  if (rc == PFLOW_OK) rc = pflow_net_build(net, (size_t[]){2, 9, 8}, 3);
  if (rc == PFLOW_OK) rc = pflow_net_work_create(&work, net, 2, PFLOW_TRAINING);
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  failing_install();
  size_t failures = check_failures(make_every_kind, NULL);
  ck_assert_uint_ge(failures, 12);
  failing_remove();
}
END_TEST

START_TEST(running_allocates_nothing) {
  counting_install();
  trial t = trial_begin(NULL, 0);
  ck_ok(add_every_kind(t.net));
  trial_build(&t, (size_t[]){2, 9, 8}, 3, 3);
  size_t before = counting_calls();
  trial_run(&t);
  ck_ok(pflow_net_predict(t.net, t.work, t.x, t.rows, t.y));
  ck_assert_uint_gt(before, 0);
  ck_assert_uint_eq(counting_calls(), before);
  trial_end(&t);
  counting_remove();
}
END_TEST

int main(void) {
  return run_tests("layer_rules",
                   TESTS(results_do_not_depend_on_threads, null_is_refused,
                         zero_settings_are_named, batchnorm_settings_are_named,
                         built_networks_take_no_layer, shapes_are_named,
                         hostile_sizes_are_refused, descriptions_build_the_same_layers,
                         descriptions_hold_the_settings, bad_descriptions_are_named,
                         bad_attribute_values_are_named,
                         failing_allocations_leave_nothing, running_allocates_nothing));
}
