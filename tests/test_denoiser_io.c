/*
 * test_denoiser_io.c - learned fields in archives and files, fits that go on from there,
 * descriptions that lie.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/denoising.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/suite.h"

enum { n = denoising_rows, dim = denoising_dim };

static pflow_archive *archive_of(const pflow_denoiser *denoiser, const char *prefix,
                                 int training) {
  pflow_archive *archive;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put_denoiser(archive, prefix, denoiser, training));
  return archive;
}

/* ---- there and back ---- */

/* Settings that a short decimal form, or a double for the seed, would not keep. */
START_TEST(every_bit_is_kept) {
  pflow_denoiser_config config = denoising_config(20);
  pflow_archive *archive, *loaded;
  pflow_denoiser *again;
  config.aug_dim = 19.0 / 3.0;
  config.lr = 0.1 / 3.0;
  config.seed = UINT64_MAX - 1;
  pflow_denoiser *denoiser = denoising_fitted(&config);
  temp_begin();
  archive = archive_of(denoiser, "map.", 1);
  ck_ok(pflow_archive_save(archive, temp_path("d")));
  ck_ok(pflow_archive_load(&loaded, temp_path("d")));
  ck_ok(pflow_archive_build_denoiser(loaded, "map.", &again, NULL));
  const pflow_denoiser_config *got = pflow_denoiser_settings(again);
  ck_assert(got->aug_dim == config.aug_dim && got->lr == config.lr);
  ck_assert(got->r_min == config.r_min && got->r_max == config.r_max);
  ck_assert(got->width == config.width && got->layers == config.layers);
  ck_assert(got->steps == config.steps && got->batch == config.batch);
  ck_assert(got->ema_decay == config.ema_decay && got->seed == config.seed);
  ck_assert_uint_eq(pflow_denoiser_steps(again), 20);
  check_same_answers(again, denoiser);
  ck_fails(pflow_denoiser_fit(again, denoising_data(), n, NULL), PFLOW_ESTATE, "already");
  pflow_denoiser_destroy(again);
  pflow_denoiser_destroy(denoiser);
  pflow_archive_destroy(loaded);
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

/* ---- going on ---- */

/* Puts itself into two archives at step 7, with its training and without. */
typedef struct keeper {
  pflow_denoiser *denoiser;
  pflow_archive *archive[2];
} keeper;

static int keep(const pflow_denoiser_progress *progress, void *user) {
  keeper *self = user;
  if (progress->step == 7)
    for (int training = 0; training < 2; training++)
      self->archive[training] = archive_of(self->denoiser, "", training);
  return progress->step == 8;
}

static keeper stopped_at_seven(void) {
  pflow_denoiser_config config = denoising_config(20);
  keeper self = {0};
  config.on_step = keep;
  config.user = &self;
  ck_ok(pflow_denoiser_create(&self.denoiser, dim, &config));
  ck_assert_int_eq(pflow_denoiser_fit(self.denoiser, denoising_data(), n, NULL),
                   PFLOW_STOPPED);
  pflow_denoiser_destroy(self.denoiser);
  return self;
}

static void destroy_keeper(keeper *self) {
  pflow_archive_destroy(self->archive[0]);
  pflow_archive_destroy(self->archive[1]);
}

START_TEST(a_fit_goes_on_from_an_archive) {
  pflow_denoiser_config config = denoising_config(20), other;
  pflow_denoiser_report report, whole;
  pflow_denoiser *want, *got;
  keeper self = stopped_at_seven();
  ck_ok(pflow_denoiser_create(&want, dim, &config));
  ck_ok(pflow_denoiser_fit(want, denoising_data(), n, &whole));
  pflow_denoiser_config_init(&other);
  ck_ok(pflow_pool_create(&other.pool, 3));
  ck_ok(pflow_archive_build_denoiser(self.archive[1], "", &got, &other));
  ck_assert_uint_eq(pflow_denoiser_steps(got), 7);
  ck_fails(pflow_denoiser_fit(got, denoising_data(), n - 1, NULL), PFLOW_EINVAL,
           "other rows");
  ck_ok(pflow_denoiser_fit(got, denoising_data(), n, &report));
  check_same_answers(got, want);
  ck_assert_uint_eq(report.steps, 20);
  ck_assert_double_eq(report.first_loss, whole.first_loss);
  ck_assert_double_eq(report.last_loss, whole.last_loss);
  pflow_denoiser_destroy(got);
  pflow_denoiser_destroy(want);
  pflow_pool_destroy(other.pool);
  destroy_keeper(&self);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(without_its_training_it_is_for_use_alone) {
  pflow_denoiser *with, *without;
  keeper self = stopped_at_seven();
  ck_ok(pflow_archive_build_denoiser(self.archive[1], "", &with, NULL));
  ck_ok(pflow_archive_build_denoiser(self.archive[0], "", &without, NULL));
  check_same_answers(without, with);
  ck_fails(pflow_denoiser_fit(without, denoising_data(), n, NULL), PFLOW_ESTATE,
           "without the training");
  pflow_denoiser_destroy(without);
  pflow_denoiser_destroy(with);
  destroy_keeper(&self);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- bad archives ---- */

static void copy_tensor(pflow_archive *to, const pflow_archive *from, const char *name) {
  const pflow_tensor *tensor;
  size_t shape[4];
  ck_ok(pflow_archive_get(from, name, &tensor));
  for (size_t k = 0; k < pflow_tensor_ndim(tensor); k++)
    shape[k] = pflow_tensor_dim(tensor, k);
  ck_ok(pflow_archive_put(to, name, pflow_tensor_const_values(tensor), shape,
                          pflow_tensor_ndim(tensor)));
}

/* Copies a text with the first `find` in it replaced, which must be there. */
static void copy_text(pflow_archive *to, const pflow_archive *from, const char *key,
                      const char *find, const char *replacement) {
  char text[2048];
  const char *old;
  ck_ok(pflow_archive_get_text(from, key, &old));
  const char *at = strstr(old, find);
  ck_assert_msg(at != NULL, "no %s in %s", find, old);
  snprintf(text, sizeof text, "%.*s%s%s", (int)(at - old), old, replacement,
           at + strlen(find));
  ck_ok(pflow_archive_put_text(to, key, text));
}

typedef struct lie {
  const char *find, *replacement;
  pflow_err code;
  const char *text;
} lie;

static const lie lies[] = {
    {"\"dim\":3", "\"dim\":2", PFLOW_ESHAPE, "center"},
    {"\"dim\":3", "\"dim\":4", PFLOW_EFORMAT, "548 values, the file 521"},
    {"\"dim\":3", "\"dim\":0", PFLOW_EFORMAT, "dim is 0"},
    {"\"dim\":3", "\"dim\":-3", PFLOW_EFORMAT, "'dim'"},
    {"\"dim\":3", "\"dim\":9007199254740991", PFLOW_EFORMAT, "values, the file"},
    {"\"width\":16", "\"width\":60000", PFLOW_EFORMAT, "values, the file"},
    {"\"width\":16", "\"width\":15", PFLOW_ESHAPE, "0.weight"},
    {"\"layers\":2", "\"layers\":64", PFLOW_EFORMAT, "values, the file"},
    {"\"layers\":2", "\"layers\":0", PFLOW_EFORMAT, "layers is 0"},
    {"\"layers\":2", "\"layers\":1", PFLOW_EINVAL, "layers"},
    {"\"batch\":32", "\"batch\":0", PFLOW_EFORMAT, "batch is 0"},
    {"\"batch\":32", "\"batch\":true", PFLOW_EFORMAT, "'batch'"},
    {"\"steps\":20", "\"steps\":19", PFLOW_EFORMAT, "steps_done is 20 of 19"},
    {"\"steps_done\":20", "\"steps_done\":0", PFLOW_EFORMAT, "steps_done is 0"},
    {"\"aug_dim\":6", "\"aug_dim\":0.5", PFLOW_EFORMAT, "aug_dim is 0.5"},
    {"\"aug_dim\":6", "\"aug_dim\":\"6\"", PFLOW_EFORMAT, "'aug_dim'"},
    {"\"r_min\":", "\"r_min\":-", PFLOW_EFORMAT, "r_min is -"},
    {"\"r_max\":", "\"r_max\":-", PFLOW_EFORMAT, "r_max -2"},
    {"\"ema_decay\":", "\"ema_decay\":7", PFLOW_EFORMAT, "ema_decay is 7"},
    {"\"seed\":\"5\"", "\"seed\":5", PFLOW_EFORMAT, "'seed'"},
    {"\"seed\":\"5\"", "\"seed\":\"-5\"", PFLOW_EFORMAT, "'seed'"},
    {"\"mean_variance\":", "\"mean_variance\":-", PFLOW_EFORMAT, "mean_variance is -"},
    {"\"radius\":", "\"radius\":-", PFLOW_EFORMAT, "radius is -"},
    {"\"version\":1", "\"version\":2", PFLOW_EUNSUPPORTED, "version 2"},
};

START_TEST(lies_are_named) {
  pflow_denoiser_config config = denoising_config(20);
  pflow_denoiser *denoiser = denoising_fitted(&config), *made;
  pflow_archive *archive = archive_of(denoiser, "", 0);
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    pflow_archive *lying;
    ck_ok(pflow_archive_create(&lying));
    for (size_t k = 0; k < pflow_archive_count(archive); k++)
      copy_tensor(lying, archive, pflow_archive_name(archive, k));
    copy_text(lying, archive, "net.pflow.net", "", "");
    copy_text(lying, archive, "pflow.denoiser", lies[i].find, lies[i].replacement);
    pflow_err rc = pflow_archive_build_denoiser(lying, "", &made, NULL);
    ck_assert_msg(rc == lies[i].code && strstr(pflow_errmsg(), lies[i].text),
                  "%s: %d, %s", lies[i].replacement, rc, pflow_errmsg());
    ck_assert_ptr_null(made);
    pflow_archive_destroy(lying);
  }
  pflow_archive_destroy(archive);
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* An array that is not what it should be, and one that is missing. */
START_TEST(bad_arrays_are_named) {
  pflow_denoiser_config config = denoising_config(20);
  pflow_denoiser *denoiser = denoising_fitted(&config), *made;
  static const size_t three = 3;
  static const struct {
    const char *name;
    float value;
    pflow_err code;
  } bad[] = {{"center", NAN, PFLOW_EFORMAT},
             {"variance", -1.0f, PFLOW_EFORMAT},
             {"variance", INFINITY, PFLOW_EFORMAT},
             {"nothing", 0.0f, PFLOW_ENOTFOUND}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    pflow_archive *archive = archive_of(denoiser, "", 0), *lying;
    float values[3] = {0.5f, bad[i].value, 0.5f};
    ck_ok(pflow_archive_create(&lying));
    copy_text(lying, archive, "net.pflow.net", "", "");
    copy_text(lying, archive, "pflow.denoiser", "", "");
    ck_ok(pflow_archive_put(lying, bad[i].name, values, &three, 1));
    for (size_t k = 0; k < pflow_archive_count(archive); k++) {
      const char *name = pflow_archive_name(archive, k);
      if (strcmp(name, bad[i].name) != 0 && (i < 3 || k > 0))
        copy_tensor(lying, archive, name);
    }
    ck_fails(pflow_archive_build_denoiser(lying, "", &made, NULL), bad[i].code,
             i == 3 ? "center" : bad[i].name);
    ck_assert_ptr_null(made);
    pflow_archive_destroy(lying);
    pflow_archive_destroy(archive);
  }
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_arguments_are_named) {
  pflow_denoiser_config config = denoising_config(20);
  pflow_denoiser *denoiser = denoising_fitted(&config), *fresh, *made;
  pflow_archive *archive;
  char prefix[300];
  memset(prefix, 'p', sizeof prefix);
  prefix[252] = '\0'; /* too long with a name behind it */
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_denoiser_create(&fresh, dim, &config));
  ck_fails(pflow_archive_put_denoiser(NULL, "", denoiser, 0), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_put_denoiser(archive, NULL, denoiser, 0), PFLOW_ENULL, "prefix");
  ck_fails(pflow_archive_put_denoiser(archive, "", NULL, 0), PFLOW_ENULL, "denoiser");
  ck_fails(pflow_archive_put_denoiser(archive, "", fresh, 0), PFLOW_ESTATE, "not fitted");
  ck_fails(pflow_archive_put_denoiser(archive, prefix, denoiser, 0), PFLOW_EINVAL,
           "prefix of 252");
  ck_assert_uint_eq(pflow_archive_count(archive), 0);
  ck_fails(pflow_archive_build_denoiser(archive, "", &made, NULL), PFLOW_ENOTFOUND,
           "pflow.denoiser");
  ck_fails(pflow_archive_build_denoiser(archive, NULL, &made, NULL), PFLOW_ENULL,
           "prefix");
  ck_fails(pflow_archive_build_denoiser(NULL, "", &made, NULL), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_build_denoiser(archive, "", NULL, NULL), PFLOW_ENULL,
           "denoiser");
  pflow_archive_destroy(archive);
  pflow_denoiser_destroy(fresh);
  pflow_denoiser_destroy(denoiser);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- memory ---- */

static pflow_err put(void *user) {
  pflow_archive *archive;
  pflow_err rc = pflow_archive_create(&archive);
  if (rc >= 0) rc = pflow_archive_put_denoiser(archive, "", user, 1);
  pflow_archive_destroy(archive);
  return rc;
}

static pflow_err build(void *user) {
  pflow_denoiser *denoiser;
  pflow_err rc = pflow_archive_build_denoiser(user, "", &denoiser, NULL);
  pflow_denoiser_destroy(denoiser);
  return rc;
}

static int stop(const pflow_denoiser_progress *progress, void *user) {
  (void)progress;
  (void)user;
  return 1;
}

START_TEST(failing_allocations_leave_nothing) {
  pflow_denoiser_config config = denoising_config(20);
  pflow_denoiser *denoiser;
  config.on_step = stop;
  failing_install();
  ck_ok(pflow_denoiser_create(&denoiser, dim, &config));
  ck_assert_int_eq(pflow_denoiser_fit(denoiser, denoising_data(), n, NULL),
                   PFLOW_STOPPED);
  pflow_archive *archive = archive_of(denoiser, "", 1);
  check_failures(put, denoiser);
  check_failures(build, archive);
  pflow_archive_destroy(archive);
  pflow_denoiser_destroy(denoiser);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("denoiser_io",
                   TESTS(every_bit_is_kept, a_fit_goes_on_from_an_archive,
                         without_its_training_it_is_for_use_alone, lies_are_named,
                         bad_arrays_are_named, bad_arguments_are_named,
                         failing_allocations_leave_nothing));
}
