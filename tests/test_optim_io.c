/*
 * test_optim_io.c - checkpoints: a run that stops, is saved, loaded and goes on ends with
 * the same bits as one that never stopped; and what get refuses.
 */
#include <stdint.h>
#include <string.h>

#include "support/failing.h"
#include "support/files.h"
#include "support/models.h"
#include "support/suite.h"

/* A run: what a checkpoint holds. */
typedef struct run {
  pflow_net *net;
  pflow_optim *optim;
  pflow_ema *ema;
} run;

static pflow_optim *new_adam(size_t size) {
  pflow_optim *optim;
  pflow_adam_config config;
  pflow_adam_config_init(&config);
  config.lr = 0.003;
  config.weight_decay = 0.01;
  ck_ok(pflow_optim_create_adam(&optim, size, &config));
  return optim;
}

static pflow_optim *new_momentum(size_t size) {
  pflow_optim *optim;
  pflow_sgd_config config;
  pflow_sgd_config_init(&config);
  config.momentum = 0.9;
  ck_ok(pflow_optim_create_sgd(&optim, size, &config));
  return optim;
}

static pflow_optim *new_plain(size_t size) {
  pflow_optim *optim;
  ck_ok(pflow_optim_create_sgd(&optim, size, NULL));
  return optim;
}

typedef pflow_optim *(*optim_fn)(size_t size);

static run run_begin(optim_fn new_optim, uint64_t seed) {
  run self = {.net = model_of_all_kinds(seed)};
  size_t size = pflow_net_param_size(self.net);
  self.optim = new_optim(size);
  ck_ok(pflow_ema_create(&self.ema, pflow_net_params(self.net), size, 0.95));
  return self;
}

static void run_end(run *self) {
  pflow_ema_destroy(self->ema);
  pflow_optim_destroy(self->optim);
  pflow_net_destroy(self->net);
}

static pflow_err run_put(pflow_archive *archive, const run *self) {
  pflow_err rc = pflow_archive_put_net(archive, "net.", self->net);
  if (rc == PFLOW_OK) rc = pflow_archive_put_optim(archive, "optim.", self->optim);
  if (rc == PFLOW_OK) rc = pflow_archive_put_ema(archive, "ema.", self->ema);
  return rc;
}

static void run_get(const pflow_archive *archive, run *self) {
  ck_ok(pflow_archive_get_net(archive, "net.", self->net));
  ck_ok(pflow_archive_get_optim(archive, "optim.", self->optim));
  ck_ok(pflow_archive_get_ema(archive, "ema.", self->ema));
}

static void check_same_run(const run *a, const run *b) {
  size_t bytes = pflow_net_param_size(a->net) * sizeof(float);
  check_same_values(a->net, b->net);
  ck_assert_mem_eq(pflow_ema_values(a->ema), pflow_ema_values(b->ema), bytes);
  ck_assert(pflow_ema_updates(a->ema) == pflow_ema_updates(b->ema));
  ck_assert(pflow_optim_steps(a->optim) == pflow_optim_steps(b->optim));
  ck_assert(pflow_optim_lr(a->optim) == pflow_optim_lr(b->optim));
  for (size_t i = 0; i < pflow_optim_slots(a->optim); i++)
    ck_assert_mem_eq(pflow_optim_slot(a->optim, i), pflow_optim_slot(b->optim, i), bytes);
}

static void run_train(run *self, size_t first, size_t end) {
  model_train(self->net, self->optim, self->ema, first, end);
}

/* Six steps, with a rate of its own from the third on, broken after `stop` or not. */
static void check_resumed(optim_fn new_optim, size_t stop) {
  run whole = run_begin(new_optim, 1), first = run_begin(new_optim, 1);
  run resumed = run_begin(new_optim, 2);
  pflow_archive *archive;
  temp_begin();
  run_train(&whole, 0, 2);
  ck_ok(pflow_optim_set_lr(whole.optim, 1.0 / 30.0));
  run_train(&whole, 2, 6);

  run_train(&first, 0, 2);
  ck_ok(pflow_optim_set_lr(first.optim, 1.0 / 30.0));
  run_train(&first, 2, stop);
  ck_ok(pflow_archive_create(&archive));
  ck_ok(run_put(archive, &first));
  ck_ok(pflow_archive_save(archive, temp_path("checkpoint")));
  pflow_archive_destroy(archive);

  ck_ok(pflow_archive_load(&archive, temp_path("checkpoint")));
  run_get(archive, &resumed);
  check_same_run(&resumed, &first);
  run_train(&resumed, stop, 6);
  check_same_run(&resumed, &whole);
  pflow_archive_destroy(archive);
  run_end(&resumed);
  run_end(&first);
  run_end(&whole);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}

START_TEST(a_resumed_run_ends_with_the_same_bits) {
  check_resumed(new_adam, 2);
  check_resumed(new_adam, 5);
  check_resumed(new_momentum, 3);
  check_resumed(new_plain, 4);
}
END_TEST

/* Without its moments Adam goes another way: the test above can fail. */
START_TEST(a_run_without_its_state_differs) {
  run whole = run_begin(new_adam, 1), part = run_begin(new_adam, 1);
  pflow_optim *fresh = new_adam(pflow_net_param_size(part.net));
  run_train(&whole, 0, 6);
  run_train(&part, 0, 3);
  model_train(part.net, fresh, part.ema, 3, 6);
  ck_assert_int_ne(memcmp(pflow_net_params(part.net), pflow_net_params(whole.net),
                          pflow_net_param_size(part.net) * sizeof(float)),
                   0);
  pflow_optim_destroy(fresh);
  run_end(&part);
  run_end(&whole);
}
END_TEST

static pflow_archive *archive_of_optim(const pflow_optim *optim) {
  pflow_archive *archive;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put_optim(archive, "", optim));
  return archive;
}

static void check_optim_refused(const pflow_archive *archive, pflow_optim *optim,
                                pflow_err code, const char *text) {
  double lr = pflow_optim_lr(optim);
  ck_fails(pflow_archive_get_optim(archive, "", optim), code, text);
  ck_assert(pflow_optim_lr(optim) == lr && pflow_optim_steps(optim) == 0);
  for (size_t i = 0; i < pflow_optim_slots(optim); i++)
    for (size_t k = 0; k < pflow_optim_size(optim); k++)
      ck_assert(pflow_optim_slot(optim, i)[k] == 0.0f);
  pflow_optim_destroy(optim);
}

START_TEST(optimisers_that_do_not_fit_are_left_alone) {
  pflow_optim *adam = new_adam(3);
  pflow_archive *archive = archive_of_optim(adam);
  check_optim_refused(archive, new_momentum(3), PFLOW_EINVAL,
                      "an optimiser of kind 'adam', wants 'sgd'");
  check_optim_refused(archive, new_adam(4), PFLOW_ESHAPE,
                      "adam has 2 slots of 3 values, wants 2 of 4");
  pflow_archive_destroy(archive);
  pflow_optim_destroy(adam);

  ck_ok(pflow_archive_create(&archive));
  check_optim_refused(archive, new_adam(3), PFLOW_ENOTFOUND, "no text 'pflow.optim'");
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* An archive with that description of an optimiser and one slot of 3 values. */
static void check_optim_json(const char *json, pflow_err code, const char *text) {
  pflow_archive *archive;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put_text(archive, "pflow.optim", json));
  ck_ok(pflow_archive_put(archive, "slot0", (float[3]){1, 1, 1}, (size_t[]){3}, 1));
  check_optim_refused(archive, new_adam(3), code, text);
  pflow_archive_destroy(archive);
}

#define optim_json(kind, size, slots, steps, lr)                                         \
  "{\"format\":\"pflow.optim\",\"version\":1,\"kind\":" kind ",\"size\":" size           \
  ",\"slots\":" slots ",\"steps\":" steps ",\"lr\":" lr "}"

#define adam_json(...) optim_json("\"adam\"", __VA_ARGS__)

START_TEST(bad_optimiser_descriptions_are_named) {
  check_optim_json(optim_json("3", "3", "2", "0", "1"), PFLOW_EINVAL, "kind '', wants");
  check_optim_json(adam_json("-3", "2", "0", "1"), PFLOW_EFORMAT, "'size'");
  check_optim_json(adam_json("3", "2.0", "0", "1"), PFLOW_EFORMAT, "'slots'");
  check_optim_json(adam_json("3", "3", "0", "1"), PFLOW_ESHAPE, "3 slots");
  check_optim_json(adam_json("3", "2", "\"0\"", "1"), PFLOW_EFORMAT, "'steps'");
  check_optim_json(adam_json("3", "2", "0", "null"), PFLOW_EFORMAT,
                   "'lr' is not a number");
  check_optim_json(adam_json("3", "2", "0", "-1"), PFLOW_EFORMAT, "'lr' is -1");
  check_optim_json(adam_json("3", "2", "5", "1"), PFLOW_ENOTFOUND, "no tensor 'slot1'");
  check_optim_json("{\"format\":\"pflow.optim\",\"version\":9}", PFLOW_EUNSUPPORTED,
                   "version 9");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static void check_ema_refused(const pflow_archive *archive, size_t size, pflow_err code,
                              const char *text) {
  static const float start[] = {7, 7, 7, 7};
  pflow_ema *ema;
  ck_ok(pflow_ema_create(&ema, start, size, 0.9));
  ck_fails(pflow_archive_get_ema(archive, "", ema), code, text);
  ck_assert_mem_eq(pflow_ema_values(ema), start, size * sizeof(float));
  ck_assert(pflow_ema_updates(ema) == 0);
  pflow_ema_destroy(ema);
}

START_TEST(averages_that_do_not_fit_are_left_alone) {
  static const float weights[] = {1, 2, 3};
  pflow_ema *ema;
  pflow_archive *archive;
  ck_ok(pflow_archive_create(&archive));
  check_ema_refused(archive, 3, PFLOW_ENOTFOUND, "no text 'pflow.ema'");
  ck_ok(pflow_ema_create(&ema, weights, 3, 0.9));
  ck_ok(pflow_archive_put_ema(archive, "", ema));
  check_ema_refused(archive, 4, PFLOW_ESHAPE, "'average' has shape [3], wants [4]");
  pflow_archive_destroy(archive);
  pflow_ema_destroy(ema);

  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put(archive, "average", weights, (size_t[]){3}, 1));
  ck_ok(pflow_archive_put_text(
      archive, "pflow.ema", "{\"format\":\"pflow.ema\",\"version\":1,\"updates\":-1}"));
  check_ema_refused(archive, 3, PFLOW_EFORMAT, "'updates'");
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_arguments_are_named) {
  static const float weights[] = {1, 2, 3};
  pflow_optim *optim = new_adam(3);
  pflow_ema *ema;
  pflow_archive *archive;
  ck_ok(pflow_ema_create(&ema, weights, 3, 0.9));
  ck_ok(pflow_archive_create(&archive));
  ck_fails(pflow_archive_put_optim(NULL, "", optim), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_put_optim(archive, NULL, optim), PFLOW_ENULL, "prefix");
  ck_fails(pflow_archive_put_optim(archive, "", NULL), PFLOW_ENULL, "optim");
  ck_fails(pflow_archive_get_optim(NULL, "", optim), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_get_optim(archive, NULL, optim), PFLOW_ENULL, "prefix");
  ck_fails(pflow_archive_get_optim(archive, "", NULL), PFLOW_ENULL, "optim");
  ck_fails(pflow_archive_put_ema(NULL, "", ema), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_put_ema(archive, NULL, ema), PFLOW_ENULL, "prefix");
  ck_fails(pflow_archive_put_ema(archive, "", NULL), PFLOW_ENULL, "ema");
  ck_fails(pflow_archive_get_ema(NULL, "", ema), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_get_ema(archive, NULL, ema), PFLOW_ENULL, "prefix");
  ck_fails(pflow_archive_get_ema(archive, "", NULL), PFLOW_ENULL, "ema");

  ck_ok(pflow_archive_put(archive, "slot1", weights, (size_t[]){3}, 1));
  ck_fails(pflow_archive_put_optim(archive, "", optim), PFLOW_EINVAL, "'slot1'");
  ck_ok(pflow_archive_put(archive, "average", weights, (size_t[]){3}, 1));
  ck_fails(pflow_archive_put_ema(archive, "", ema), PFLOW_EINVAL, "'average'");
  ck_assert_uint_eq(pflow_archive_count(archive), 2);
  ck_ok(pflow_archive_put_text(archive, "pflow.optim", "x"));
  ck_ok(pflow_archive_put_text(archive, "pflow.ema", "x"));
  pflow_archive_destroy(archive);
  pflow_ema_destroy(ema);
  pflow_optim_destroy(optim);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err halve(const pflow_optim_step_args *args, void *self) {
  (void)self;
  for (size_t i = 0; i < args->size; i++)
    args->params[i] = args->slot[0][i] += 0.5f * args->params[i];
  return PFLOW_OK;
}

static pflow_optim *new_own(const char *kind) {
  pflow_optim_class type = {sizeof type, kind, 1, halve, NULL};
  pflow_optim *optim;
  ck_ok(pflow_optim_create(&optim, 2, 0.5, &type, NULL));
  return optim;
}

START_TEST(optimisers_of_ones_own_are_kept) {
  float params[] = {1, 2};
  pflow_optim *optim = new_own("halve"), *other = new_own("halve");
  ck_ok(pflow_optim_step(optim, params, params));
  pflow_archive *archive = archive_of_optim(optim);
  ck_ok(pflow_archive_get_optim(archive, "", other));
  ck_assert(pflow_optim_steps(other) == 1 && pflow_optim_slot(other, 0)[1] == 1.0f);
  pflow_optim_destroy(other);
  other = new_own("\xFF");
  ck_fails(pflow_archive_put_optim(archive, "b", other), PFLOW_EINVAL, "not UTF-8");
  pflow_archive_destroy(archive);
  pflow_optim_destroy(other);
  pflow_optim_destroy(optim);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err put_run(void *user) {
  pflow_archive *archive;
  pflow_err rc = pflow_archive_create(&archive);
  if (rc < 0) return rc;
  rc = run_put(archive, user);
  pflow_archive_destroy(archive);
  return rc;
}

START_TEST(failing_allocations_are_cleaned_up) {
  failing_install();
  run self = run_begin(new_adam, 1);
  ck_assert_uint_gt(check_failures(put_run, &self), 40);
  run_end(&self);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests(
      "optim_io",
      TESTS(a_resumed_run_ends_with_the_same_bits, a_run_without_its_state_differs,
            optimisers_that_do_not_fit_are_left_alone,
            bad_optimiser_descriptions_are_named, averages_that_do_not_fit_are_left_alone,
            optimisers_of_ones_own_are_kept, bad_arguments_are_named,
            failing_allocations_are_cleaned_up));
}
