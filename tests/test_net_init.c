/*
 * test_net_init.c - initial weights: their distributions, and what they depend on.
 */
#include <math.h>

#include "support/suite.h"
#include "support/toy.h"

enum { fan_in = 60, fan_out = 80 };

/* norm, dense 80, dense 60, dense 80 over rows of 60. */
static pflow_net *init_net(uint64_t seed) {
  pflow_net *net;
  pflow_net_config config;
  pflow_net_config_init(&config);
  config.seed = seed;
  ck_ok(pflow_net_create(&net, &config));
  ck_ok(toy_add_norm(net));
  ck_ok(toy_add_dense(net, fan_out));
  ck_ok(toy_add_dense(net, fan_in));
  ck_ok(toy_add_dense(net, fan_out));
  ck_ok(pflow_net_build(net, (size_t[]){fan_in}, 1));
  return net;
}

static pflow_param array_of(pflow_net *net, const char *name) {
  pflow_param param = {0};
  for (size_t i = 0; i < pflow_net_param_count(net); i++) {
    ck_ok(pflow_net_param(net, i, &param));
    if (strcmp(param.name, name) == 0) return param;
  }
  ck_abort_msg("no array %s", name);
}

/*
 * Mean within 4 standard errors of 0, variance within 4 of std^2; largest |value| up to
 * `bound`, and close to it when it is finite (a uniform draw).
 */
static void check_draw(const pflow_param *param, double std, double bound) {
  double sum = 0.0, squares = 0.0, largest = 0.0, n = (double)param->size;
  for (size_t i = 0; i < param->size; i++) {
    sum += param->value[i];
    squares += (double)param->value[i] * param->value[i];
    largest = fmax(largest, fabs((double)param->value[i]));
  }
  ck_assert_msg(fabs(sum / n) <= 4 * std / sqrt(n), "%s: mean %g", param->name, sum / n);
  ck_assert_msg(fabs(squares / n / (std * std) - 1.0) <= 4 * sqrt(2 / n),
                "%s: variance %g, wants %g", param->name, squares / n, std * std);
  ck_assert_msg(largest <= bound &&
                    (bound == INFINITY || largest >= bound * (1 - 20 / n)),
                "%s: largest %g", param->name, largest);
}

static void check_constant(const pflow_param *param, float value) {
  for (size_t i = 0; i < param->size; i++)
    ck_assert_msg(param->value[i] == value, "%s[%zu] is %g", param->name, i,
                  (double)param->value[i]);
}

static void set_init(pflow_net *net, pflow_init_kind kind, uint64_t seed) {
  pflow_init_config config;
  pflow_init_config_init(&config);
  config.kind = kind;
  config.seed = seed;
  ck_ok(pflow_net_init(net, &config));
}

START_TEST(schemes_draw_their_distributions) {
  pflow_net *net = init_net(5);
  pflow_param weight = array_of(net, "1.weight"), bias = array_of(net, "1.bias");
  const double bound = 1 / sqrt(fan_in), glorot = sqrt(6.0 / (fan_in + fan_out));
  check_draw(&weight, bound / sqrt(3), (float)bound);
  check_draw(&bias, bound / sqrt(3), (float)bound);
  set_init(net, PFLOW_INIT_NORMAL, 1);
  check_draw(&weight, 0.02, INFINITY);
  check_constant(&bias, 0.0f);
  set_init(net, PFLOW_INIT_KAIMING_NORMAL, 1);
  check_draw(&weight, sqrt(2.0 / fan_in), INFINITY);
  check_constant(&bias, 0.0f);
  set_init(net, PFLOW_INIT_XAVIER_UNIFORM, 1);
  check_draw(&weight, glorot / sqrt(3), (float)glorot);
  check_constant(&bias, 0.0f);
  set_init(net, PFLOW_INIT_ZERO, 1);
  check_constant(&weight, 0.0f);
  pflow_net_destroy(net);
}
END_TEST

START_TEST(scales_and_state_go_back_to_their_start) {
  pflow_net *net = init_net(5);
  pflow_param scale = array_of(net, "0.scale"), seen = array_of(net, "0.seen");
  check_constant(&scale, 1.5f);
  check_constant(&seen, 0.0f);
  scale.value[3] = seen.value[0] = 9.0f;
  ck_ok(pflow_net_init(net, NULL));
  check_constant(&scale, 1.5f);
  check_constant(&seen, 0.0f);
  pflow_net_destroy(net);
}
END_TEST

START_TEST(weights_depend_on_seed_and_place_alone) {
  pflow_net *net = init_net(5), *same = init_net(5), *other = init_net(6);
  size_t bytes = pflow_net_param_size(net) * sizeof(float);
  ck_assert_mem_eq(pflow_net_params(net), pflow_net_params(same), bytes);
  pflow_param first = array_of(net, "1.weight"), third = array_of(net, "3.weight");
  pflow_param bias = array_of(net, "3.bias"), elsewhere = array_of(other, "3.weight");
  ck_assert_mem_ne(third.value, elsewhere.value, third.size * sizeof(float));
  ck_assert_mem_ne(third.value, first.value, third.size * sizeof(float));
  ck_assert_mem_ne(third.value, bias.value, bias.size * sizeof(float));

  pflow_init_config config; /* layer 3 alone gets what it gets with the others */
  pflow_init_config_init(&config);
  set_init(other, PFLOW_INIT_ZERO, 0);
  config.first_layer = 3;
  config.seed = 5;
  ck_ok(pflow_net_init(other, &config));
  ck_assert_mem_eq(third.value, elsewhere.value, third.size * sizeof(float));
  pflow_param untouched = array_of(other, "2.weight");
  check_constant(&untouched, 0.0f);
  config.first_layer = 1;
  config.layer_count = 1;
  set_init(other, PFLOW_INIT_ZERO, 0);
  ck_ok(pflow_net_init(other, &config));
  check_constant(&elsewhere, 0.0f);
  pflow_net_destroy(net);
  pflow_net_destroy(same);
  pflow_net_destroy(other);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_init_settings_are_refused) {
  pflow_net *net = init_net(5);
  pflow_init_config config;
  pflow_init_config_init(&config);
  config.kind = (pflow_init_kind)5;
  ck_fails(pflow_net_init(net, &config), PFLOW_EINVAL, "kind is 5");
  pflow_init_config_init(&config);
  config.std = NAN;
  ck_fails(pflow_net_init(net, &config), PFLOW_EINVAL, "std is nan");
  config.std = -1.0;
  ck_fails(pflow_net_init(net, &config), PFLOW_EINVAL, "std is -1");
  pflow_init_config_init(&config);
  config.first_layer = 4;
  ck_fails(pflow_net_init(net, &config), PFLOW_EINVAL, "from layer 4 of a network of 4");
  config.first_layer = 1;
  config.layer_count = SIZE_MAX;
  ck_fails(pflow_net_init(net, &config), PFLOW_EINVAL, "from layer 1");
  config.struct_size = 1;
  ck_fails(pflow_net_init(net, &config), PFLOW_EINVAL, "struct_size is 1");
  ck_fails(pflow_net_init(NULL, NULL), PFLOW_ENULL, "net");
  pflow_net_destroy(net);
}
END_TEST

int main(void) {
  return run_tests("net_init", TESTS(schemes_draw_their_distributions,
                                     scales_and_state_go_back_to_their_start,
                                     weights_depend_on_seed_and_place_alone,
                                     bad_init_settings_are_refused));
}
