/*
 * test_field_io.c - field networks with the settings of their training in files.
 *
 * `test_field_io comma` is for check_locale.sh: a locale that writes 0,5 for 1/2.
 */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "support/failing.h"
#include "support/files.h"
#include "support/models.h"
#include "support/suite.h"

/* Settings that a short decimal form, or a double for the seed, would not keep. */
static const pflow_field_meta odd = {.dim = 4,
                                     .sigma = 0.1,
                                     .tau = 1.0 / 3.0,
                                     .m_max = 291,
                                     .gamma = DBL_TRUE_MIN,
                                     .restrict_m = 1,
                                     .seed = UINT64_MAX - 1};

START_TEST(a_field_file_keeps_every_bit) {
  pflow_net *net = model_mlp(5, 5, 1), *loaded, *again;
  pflow_field_meta meta;
  temp_begin();
  ck_ok(pflow_field_save(net, &odd, temp_path("f")));
  ck_ok(pflow_field_load(&loaded, &meta, temp_path("f"), NULL));
  ck_assert_uint_eq(meta.dim, 4);
  ck_assert(meta.sigma == odd.sigma && meta.tau == odd.tau && meta.m_max == odd.m_max);
  ck_assert(meta.gamma == odd.gamma && meta.restrict_m == 1 && meta.seed == odd.seed);
  check_same_values(net, loaded);
  ck_ok(pflow_field_load(&again, NULL, temp_path("f"), NULL));
  check_same_values(net, again);
  pflow_net_destroy(again);
  ck_ok(pflow_net_load(&again, temp_path("f"), NULL));
  check_same_values(net, again);
  pflow_net_destroy(again);
  pflow_net_destroy(loaded);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

START_TEST(files_do_not_follow_the_locale) {
  pflow_net *net = model_mlp(5, 5, 1), *loaded;
  pflow_field_meta meta;
  pflow_archive *archive;
  const char *text;
  temp_begin();
  ck_ok(pflow_field_save(net, &odd, temp_path("before")));
  ck_assert(setlocale(LC_ALL, "") != NULL);
  ck_assert_str_eq(localeconv()->decimal_point, ",");
  ck_ok(pflow_field_save(net, &odd, temp_path("f")));
  ck_ok(pflow_archive_load(&archive, temp_path("f")));
  ck_ok(pflow_archive_get_text(archive, "pflow.field", &text));
  ck_assert_ptr_nonnull(strstr(text, "\"sigma\":0.1"));
  ck_ok(pflow_field_load(&loaded, &meta, temp_path("before"), NULL));
  ck_assert(meta.sigma == odd.sigma && meta.tau == odd.tau && meta.gamma == odd.gamma);
  pflow_archive_destroy(archive);
  pflow_net_destroy(loaded);
  pflow_net_destroy(net);
  temp_end();
}
END_TEST

static void check_save_refused(const pflow_net *net, pflow_field_meta meta,
                               pflow_err code, const char *text) {
  ck_fails(pflow_field_save(net, &meta, "/nowhere/field"), code, text);
}

START_TEST(bad_settings_are_not_saved) {
  pflow_net *net = model_mlp(5, 5, 1), *other = model_mlp(5, 4, 1);
  static const pflow_field_meta good = {4, .1, .1, 1, .1, 0, 0};
  pflow_field_meta bad = good;
  bad.dim = 0;
  check_save_refused(net, bad, PFLOW_EINVAL, "dim is 0");
  bad.dim = 5;
  check_save_refused(net, bad, PFLOW_ESHAPE,
                     "over 5 dimensions with a network of 5 inputs");
  check_save_refused(other, good, PFLOW_ESHAPE, "and 4 outputs");
  bad = good;
  bad.sigma = 0;
  check_save_refused(net, bad, PFLOW_EINVAL, "sigma is 0");
  bad.sigma = NAN;
  check_save_refused(net, bad, PFLOW_EINVAL, "sigma is nan");
  bad = good;
  bad.tau = -1;
  check_save_refused(net, bad, PFLOW_EINVAL, "tau is -1");
  bad = good;
  bad.m_max = INFINITY;
  check_save_refused(net, bad, PFLOW_EINVAL, "m_max is inf");
  bad = good;
  bad.gamma = -0.5;
  check_save_refused(net, bad, PFLOW_EINVAL, "gamma is -0.5");
  check_save_refused(net, good, PFLOW_EIO, "/nowhere/field");
  pflow_net_destroy(other);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

typedef struct bad_field {
  pflow_err code;
  const char *text, *members;
} bad_field;

#define settings(dim, sigma, tau, restrict_m, seed)                                      \
  ",\"dim\":" dim ",\"sigma\":" sigma ",\"tau\":" tau                                    \
  ",\"m_max\":1,\"gamma\":1,\"restrict_m\":" restrict_m ",\"seed\":" seed

static const bad_field bad_fields[] = {
    {PFLOW_EFORMAT, "'dim' is not a number", ""},
    {PFLOW_EFORMAT, "'dim' is not a number", settings("-1", "1", "1", "false", "\"1\"")},
    {PFLOW_EFORMAT, "'sigma' is not a number",
     settings("4", "\"1\"", "1", "false", "\"1\"")},
    {PFLOW_EFORMAT, "sigma is -1", settings("4", "-1", "1", "false", "\"1\"")},
    {PFLOW_EFORMAT, "'tau' is not a number",
     settings("4", "1", "null", "false", "\"1\"")},
    {PFLOW_EFORMAT, "tau is -1", settings("4", "1", "-1", "false", "\"1\"")},
    {PFLOW_EFORMAT, "'restrict_m'", settings("4", "1", "1", "0", "\"1\"")},
    {PFLOW_EFORMAT, "'seed'", settings("4", "1", "1", "true", "1")},
    {PFLOW_EFORMAT, "'seed'", settings("4", "1", "1", "true", "\"-1\"")},
    {PFLOW_EFORMAT, "over 5 dimensions", settings("5", "1", "1", "true", "\"1\"")},
    {PFLOW_OK, "", settings("4", "1", "1", "true", "\"1\"")},
};

START_TEST(bad_field_files_are_named) {
  pflow_net *net = model_mlp(5, 5, 1), *loaded;
  pflow_field_meta meta = odd;
  temp_begin();
  ck_ok(pflow_net_save(net, temp_path("f")));
  ck_fails(pflow_field_load(&loaded, &meta, temp_path("f"), NULL), PFLOW_ENOTFOUND,
           "no text 'pflow.field'");
  for (size_t i = 0; i < sizeof bad_fields / sizeof *bad_fields; i++) {
    pflow_archive *archive;
    char json[256];
    snprintf(json, sizeof json, "{\"format\":\"pflow.field\",\"version\":1%s}",
             bad_fields[i].members);
    ck_ok(pflow_archive_create(&archive));
    ck_ok(pflow_archive_put_net(archive, "", net));
    ck_ok(pflow_archive_put_text(archive, "pflow.field", json));
    ck_ok(pflow_archive_save(archive, temp_path("f")));
    pflow_err rc = pflow_field_load(&loaded, &meta, temp_path("f"), NULL);
    ck_assert_msg(rc == bad_fields[i].code && strstr(pflow_errmsg(), bad_fields[i].text),
                  "%s: %d, %s", json, rc, pflow_errmsg());
    ck_assert((loaded == NULL) == (rc < 0) && (meta.seed == odd.seed) == (rc < 0));
    pflow_net_destroy(loaded);
    pflow_archive_destroy(archive);
  }
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

START_TEST(null_arguments_are_named) {
  pflow_net *net = model_mlp(5, 5, 1), *loaded = net;
  ck_fails(pflow_field_save(NULL, &odd, "f"), PFLOW_ENULL, "net");
  ck_fails(pflow_field_save(net, NULL, "f"), PFLOW_ENULL, "meta");
  ck_fails(pflow_field_save(net, &odd, NULL), PFLOW_ENULL, "path");
  ck_fails(pflow_field_load(NULL, NULL, "f", NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_field_load(&loaded, NULL, NULL, NULL), PFLOW_ENULL, "path");
  ck_assert_ptr_null(loaded);
  pflow_net_destroy(net);
}
END_TEST

static pflow_err save_field(void *user) {
  return pflow_field_save(user, &odd, temp_path("f"));
}

static pflow_err load_field(void *user) {
  pflow_net *net;
  pflow_field_meta meta;
  (void)user;
  pflow_err rc = pflow_field_load(&net, &meta, temp_path("f"), NULL);
  ck_assert((net == NULL) == (rc < 0));
  pflow_net_destroy(net);
  return rc;
}

START_TEST(failing_allocations_are_cleaned_up) {
  temp_begin();
  failing_install();
  pflow_net *net = model_mlp(5, 5, 1);
  check_failures(save_field, net);
  check_failures(load_field, NULL);
  pflow_net_destroy(net);
  failing_remove();
  temp_end();
}
END_TEST

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "comma") == 0)
    return run_tests("comma", TESTS(files_do_not_follow_the_locale));
  return run_tests("field_io",
                   TESTS(a_field_file_keeps_every_bit, bad_settings_are_not_saved,
                         bad_field_files_are_named, null_arguments_are_named,
                         failing_allocations_are_cleaned_up));
}
