/*
 * test_net_io.c - networks in archives and files.
 *
 * With arguments it is the partner of check_safetensors.py:
 *   test_net_io write FOLDER      a network, its inputs and its predictions
 *   test_net_io predict MODEL INPUT OUTPUT
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/files.h"
#include "support/models.h"
#include "support/suite.h"
#include "support/toy.h"

static void check_same_predictions(const pflow_net *a, const pflow_net *b) {
  enum { rows = 7 };
  size_t out = rows * pflow_net_out_size(a);
  float *x = normal_values(rows * pflow_net_in_size(a), 5);
  float *ya = normal_values(out, 6), *yb = normal_values(out, 7);
  ck_assert_uint_eq(pflow_net_out_size(a), pflow_net_out_size(b));
  model_predict(a, x, rows, ya);
  model_predict(b, x, rows, yb);
  ck_assert_mem_eq(ya, yb, out * sizeof *ya);
  pflow_free(yb);
  pflow_free(ya);
  pflow_free(x);
}

START_TEST(a_file_gives_the_same_network) {
  pflow_net *net = model_of_all_kinds(1), *loaded;
  temp_begin();
  model_train(net, NULL, NULL, 0, 3);
  ck_ok(pflow_net_save(net, temp_path("m.safetensors")));
  ck_ok(pflow_net_load(&loaded, temp_path("m.safetensors"), NULL));
  ck_assert_uint_eq(pflow_net_layers(loaded), pflow_net_layers(net));
  for (size_t i = 0; i < pflow_net_layers(net); i++) {
    pflow_layer_info a, b;
    ck_ok(pflow_net_layer_info(net, i, &a));
    ck_ok(pflow_net_layer_info(loaded, i, &b));
    ck_assert_str_eq(a.kind, b.kind);
    ck_assert_uint_eq(a.n_attrs, b.n_attrs);
    for (size_t k = 0; k < a.n_attrs; k++) {
      ck_assert_str_eq(a.attr[k].name, b.attr[k].name);
      ck_assert(a.attr[k].value == b.attr[k].value);
    }
  }
  check_same_values(net, loaded);
  check_same_predictions(net, loaded);
  pflow_net_destroy(loaded);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

START_TEST(arrays_have_the_order_and_names_of_the_network) {
  pflow_net *net = model_of_all_kinds(1);
  pflow_archive *archive;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put_net(archive, "net/", net));
  ck_assert_uint_eq(pflow_archive_count(archive), pflow_net_param_count(net));
  for (size_t i = 0; i < pflow_net_param_count(net); i++) {
    char name[80];
    pflow_param param;
    ck_ok(pflow_net_param(net, i, &param));
    snprintf(name, sizeof name, "net/%s", param.name);
    ck_assert_str_eq(pflow_archive_name(archive, i), name);
  }
  pflow_archive_destroy(archive);
  pflow_net_destroy(net);
}
END_TEST

START_TEST(arrays_of_another_program_are_taken) {
  pflow_net *net = model_mlp(3, 2, 1), *other = model_mlp(3, 2, 2), *built;
  pflow_archive *archive;
  ck_ok(pflow_archive_create(&archive));
  for (size_t i = 0; i < pflow_net_param_count(net); i++) {
    pflow_param param;
    ck_ok(pflow_net_param(net, i, &param));
    ck_ok(pflow_archive_put(archive, param.name, param.value, param.shape, param.ndim));
  }
  ck_ok(pflow_archive_get_net(archive, "", other));
  check_same_values(net, other);
  ck_fails(pflow_archive_build_net(archive, "", &built, NULL), PFLOW_ENOTFOUND,
           "no text 'pflow.net'");
  ck_assert_ptr_null(built);
  pflow_archive_destroy(archive);
  pflow_net_destroy(other);
  pflow_net_destroy(net);
}
END_TEST

/* get_net fails with that code and text, and net keeps its values. */
static void check_get_refused(const pflow_archive *archive, pflow_net *net,
                              pflow_err code, const char *text) {
  size_t size = pflow_net_param_size(net) * sizeof(float);
  float *before = malloc(size);
  ck_assert(before != NULL);
  memcpy(before, pflow_net_params(net), size);
  ck_fails(pflow_archive_get_net(archive, "", net), code, text);
  ck_assert_mem_eq(before, pflow_net_params(net), size);
  free(before);
  pflow_net_destroy(net);
}

static pflow_net *silu_mlp(void) {
  pflow_net *net;
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(pflow_net_add_linear(net, 4, 1));
  ck_ok(pflow_net_add_silu(net));
  ck_ok(pflow_net_add_linear(net, 2, 1));
  ck_ok(pflow_net_build(net, (size_t[]){3}, 1));
  return net;
}

START_TEST(networks_that_do_not_fit_are_left_alone) {
  pflow_net *net = model_mlp(3, 2, 1);
  pflow_archive *archive, *partial;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put_net(archive, "", net));
  check_get_refused(archive, model_mlp(3, 5, 2), PFLOW_ESHAPE,
                    "tensor '2.weight' has shape [2, 4], wants [5, 4]");
  check_get_refused(archive, model_mlp(7, 2, 2), PFLOW_ESHAPE,
                    "tensor '0.weight' has shape [4, 3], wants [4, 7]");
  check_get_refused(archive, silu_mlp(), PFLOW_EINVAL, "layer 1 is a relu, wants a silu");
  check_get_refused(archive, model_of_all_kinds(1), PFLOW_EINVAL,
                    "a network of 3 layers");

  ck_ok(pflow_archive_create(&partial));
  ck_ok(
      pflow_archive_put(partial, "0.weight", pflow_net_params(net), (size_t[]){4, 3}, 2));
  check_get_refused(partial, model_mlp(3, 2, 2), PFLOW_ENOTFOUND, "no tensor '0.bias'");
  pflow_archive_destroy(partial);
  pflow_archive_destroy(archive);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(layers_of_ones_own_are_filled_not_built) {
  pflow_net *net = toy_net(NULL, toy_layers), *other = toy_net(NULL, toy_layers), *built;
  pflow_layer_info info;
  char wants[64];
  pflow_archive *archive;
  ck_ok(pflow_archive_create(&archive));
  for (size_t i = 0; i < pflow_net_param_size(net); i++)
    pflow_net_params(net)[i] = (float)i;
  ck_ok(pflow_archive_put_net(archive, "", net));
  ck_ok(pflow_archive_get_net(archive, "", other));
  check_same_values(net, other);
  ck_ok(pflow_net_layer_info(net, 0, &info));
  snprintf(wants, sizeof wants, "%s", info.kind);
  ck_fails(pflow_archive_build_net(archive, "", &built, NULL), PFLOW_EUNSUPPORTED, wants);
  ck_assert_ptr_null(built);
  pflow_archive_destroy(archive);
  pflow_net_destroy(other);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(a_put_that_fails_leaves_the_archive) {
  pflow_net *net = model_mlp(3, 2, 1);
  pflow_archive *archive;
  const char *text;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put(archive, "2.bias", (float[]){1}, (size_t[]){1}, 1));
  ck_fails(pflow_archive_put_net(archive, "", net), PFLOW_EINVAL,
           "'2.bias' is already there");
  ck_assert_uint_eq(pflow_archive_count(archive), 1);
  ck_fails(pflow_archive_get_text(archive, "pflow.net", &text), PFLOW_ENOTFOUND, "text");
  ck_ok(pflow_archive_put_net(archive, "a", net));
  ck_fails(pflow_archive_put_net(archive, "a", net), PFLOW_EINVAL, "'apflow.net'");
  ck_assert_uint_eq(pflow_archive_count(archive), 5);
  pflow_archive_destroy(archive);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_arguments_are_named) {
  pflow_net *net, *built = model_mlp(3, 2, 1), *out;
  pflow_archive *archive;
  char prefix[300];
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(pflow_net_add_linear(net, 1, 0));
  ck_ok(pflow_archive_create(&archive));
  ck_fails(pflow_archive_put_net(NULL, "", net), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_put_net(archive, NULL, net), PFLOW_ENULL, "prefix");
  ck_fails(pflow_archive_put_net(archive, "", NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_archive_put_net(archive, "", net), PFLOW_ESTATE, "not built");
  ck_fails(pflow_archive_get_net(NULL, "", net), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_get_net(archive, NULL, net), PFLOW_ENULL, "prefix");
  ck_fails(pflow_archive_get_net(archive, "", NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_archive_get_net(archive, "", net), PFLOW_ESTATE, "not built");
  ck_fails(pflow_archive_build_net(archive, "", NULL, NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_archive_build_net(NULL, "", &out, NULL), PFLOW_ENULL, "archive");
  ck_fails(pflow_archive_build_net(archive, NULL, &out, NULL), PFLOW_ENULL, "prefix");
  ck_fails(pflow_net_save(NULL, "a"), PFLOW_ENULL, "net");
  ck_fails(pflow_net_save(built, NULL), PFLOW_ENULL, "path");
  ck_fails(pflow_net_save(net, "/tmp/never"), PFLOW_ESTATE, "not built");
  ck_fails(pflow_net_load(NULL, "a", NULL), PFLOW_ENULL, "net");
  ck_fails(pflow_net_load(&out, NULL, NULL), PFLOW_ENULL, "path");
  ck_fails(pflow_net_load(&out, "/nowhere/at-all", NULL), PFLOW_EIO, "/nowhere/at-all");
  ck_assert_ptr_null(out);
  memset(prefix, 'p', sizeof prefix);
  prefix[247] = 0;
  ck_fails(pflow_archive_put_net(archive, prefix, built), PFLOW_EINVAL,
           "a prefix of 247 bytes with 'pflow.net' is over 255");
  prefix[247] = 'p';
  prefix[299] = 0;
  ck_fails(pflow_archive_get_net(archive, prefix, built), PFLOW_EINVAL, "299 bytes");
  ck_assert_uint_eq(pflow_archive_count(archive), 0);
  pflow_archive_destroy(archive);
  pflow_net_destroy(built);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err put_net(void *user) {
  pflow_archive *archive;
  pflow_err rc = pflow_archive_create(&archive);
  if (rc < 0) return rc;
  rc = pflow_archive_put_net(archive, "", user);
  ck_assert((pflow_archive_count(archive) == 0) == (rc < 0));
  pflow_archive_destroy(archive);
  return rc;
}

static pflow_err save_net(void *user) {
  return pflow_net_save(user, temp_path("m"));
}

static pflow_err load_net(void *user) {
  pflow_net *net;
  (void)user;
  pflow_err rc = pflow_net_load(&net, temp_path("m"), NULL);
  ck_assert((net == NULL) == (rc < 0));
  pflow_net_destroy(net);
  return rc;
}

START_TEST(failing_allocations_are_cleaned_up) {
  temp_begin();
  failing_install();
  pflow_net *net = model_of_all_kinds(1);
  check_failures(put_net, net);
  check_failures(save_net, net);
  ck_assert_uint_gt(check_failures(load_net, NULL), 40);
  pflow_net_destroy(net);
  failing_remove();
  temp_end();
}
END_TEST

static long json_calls_left; /* before jansson's failing allocation; negative: none */

static void *json_allocate(size_t size) {
  if (json_calls_left >= 0 && json_calls_left-- == 0) return NULL;
  return malloc(size);
}

/* make with each of jansson's allocations failing in turn; the number of failures. */
static size_t check_json_failures(failing_fn make, void *user) {
  size_t blocks = pflow_live_blocks();
  for (long failing = 0;; failing++) {
    json_calls_left = failing;
    pflow_err rc = make(user);
    json_calls_left = -1;
    ck_assert_uint_eq(pflow_live_blocks(), blocks);
    if (rc == PFLOW_OK) return (size_t)failing;
    ck_assert_msg(rc == PFLOW_ENOMEM, "%ld: %d, %s", failing, rc, pflow_errmsg());
  }
}

START_TEST(failing_allocations_of_jansson_are_cleaned_up) {
  temp_begin();
  pflow_net *net = model_of_all_kinds(1);
  json_set_alloc_funcs(json_allocate, free);
  ck_assert_uint_gt(check_json_failures(put_net, net), 50);
  ck_assert_uint_gt(check_json_failures(save_net, net), 100);
  ck_assert_uint_gt(check_json_failures(load_net, NULL), 100);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

/* Damage in the header of a model file: a network or an error, nothing else. */
START_TEST(damaged_model_files_are_survived) {
  enum { rounds = 3000 };
  temp_begin();
  pflow_net *net = model_mlp(3, 2, 1);
  ck_ok(pflow_net_save(net, temp_path("m")));
  size_t size, built = 0;
  unsigned char *good = temp_read("m", &size), *bytes = malloc(size);
  size_t header = 8 + (size_t)good[0] + 256u * good[1];
  pflow_rng rng;
  pflow_rng_init(&rng, 7, 0);
  ck_assert(bytes != NULL && header < size);
  for (int round = 0; round < rounds; round++) {
    pflow_archive *archive;
    pflow_net *loaded = NULL;
    memcpy(bytes, good, size);
    size_t place = 8 + pflow_rng_below(&rng, header - 8);
    bytes[place] ^= (unsigned char)(1 + pflow_rng_below(&rng, 15));
    pflow_err rc = pflow_archive_parse(&archive, bytes, size, "damaged");
    if (rc == PFLOW_OK) rc = pflow_archive_build_net(archive, "", &loaded, NULL);
    ck_assert((rc == PFLOW_OK) == (loaded != NULL));
    built += loaded != NULL;
    pflow_net_destroy(loaded);
    pflow_archive_destroy(archive);
  }
  ck_assert_uint_lt(built, rounds / 4);
  pflow_net_destroy(net);
  free(bytes);
  free(good);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
  temp_end();
}
END_TEST

static pflow_err write_npy(const char *path, float *values, size_t rows, size_t dim) {
  pflow_tensor *tensor;
  pflow_err rc = pflow_tensor_wrap(&tensor, values, (size_t[]){rows, dim}, 2);
  if (rc < 0) return rc;
  rc = pflow_npy_save(path, tensor);
  pflow_tensor_destroy(tensor);
  return rc;
}

static void predict_file(const char *model, const char *input, const char *output) {
  pflow_net *net;
  pflow_tensor *x;
  ck_ok(pflow_net_load(&net, model, NULL));
  ck_ok(pflow_npy_load(&x, input));
  size_t rows = pflow_tensor_dim(x, 0), out = pflow_net_out_size(net);
  float *y = pflow_alloc(rows * out, sizeof *y);
  model_predict(net, pflow_tensor_const_values(x), rows, y);
  ck_ok(write_npy(output, y, rows, out));
  pflow_free(y);
  pflow_tensor_destroy(x);
  pflow_net_destroy(net);
}

static char **arguments; /* of the program */

START_TEST(write_model) {
  enum { rows = 5 };
  char path[3][512];
  static const char *const name[3] = {"model.safetensors", "x.npy", "y.npy"};
  for (size_t i = 0; i < 3; i++)
    snprintf(path[i], sizeof path[i], "%s/%s", arguments[2], name[i]);
  pflow_net *net = model_of_all_kinds(1);
  float *x = normal_values(rows * pflow_net_in_size(net), 3);
  model_train(net, NULL, NULL, 0, 3);
  ck_ok(pflow_net_save(net, path[0]));
  ck_ok(write_npy(path[1], x, rows, pflow_net_in_size(net)));
  pflow_free(x);
  pflow_net_destroy(net);
  predict_file(path[0], path[1], path[2]);
}
END_TEST

START_TEST(predict_with_model) {
  predict_file(arguments[2], arguments[3], arguments[4]);
}
END_TEST

int main(int argc, char **argv) {
  arguments = argv;
  if (argc == 3 && strcmp(argv[1], "write") == 0)
    return run_tests("write", TESTS(write_model));
  if (argc == 5 && strcmp(argv[1], "predict") == 0)
    return run_tests("predict", TESTS(predict_with_model));
  return run_tests(
      "net_io",
      TESTS(a_file_gives_the_same_network, arrays_have_the_order_and_names_of_the_network,
            arrays_of_another_program_are_taken, networks_that_do_not_fit_are_left_alone,
            layers_of_ones_own_are_filled_not_built, a_put_that_fails_leaves_the_archive,
            bad_arguments_are_named, failing_allocations_are_cleaned_up,
            failing_allocations_of_jansson_are_cleaned_up,
            damaged_model_files_are_survived));
}
