/*
 * test_net_describe.c - the layers of a network as JSON: what is written, and what is
 * refused in the descriptions of hostile files and of layers of the user's own.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/models.h"
#include "support/suite.h"

/* The text that other programs will read. */
START_TEST(a_description_is_this_json) {
  pflow_net *net = model_mlp(3, 2, 1);
  pflow_archive *archive;
  const char *text;
  ck_ok(pflow_archive_create(&archive));
  ck_ok(pflow_archive_put_net(archive, "", net));
  ck_ok(pflow_archive_get_text(archive, "pflow.net", &text));
  ck_assert_str_eq(text,
                   "{\"format\":\"pflow.net\",\"version\":1,\"input\":[3],\"layers\":["
                   "{\"kind\":\"linear\",\"attrs\":{\"out_features\":4,\"bias\":1}},"
                   "{\"kind\":\"relu\",\"attrs\":{}},"
                   "{\"kind\":\"linear\",\"attrs\":{\"out_features\":2,\"bias\":1}}]}");
  pflow_archive_destroy(archive);
  pflow_net_destroy(net);
}
END_TEST

typedef struct bad_description {
  pflow_err code;
  const char *text, *json;
} bad_description;

#define described(input, layers)                                                         \
  "{\"format\":\"pflow.net\",\"version\":1,\"input\":" input ",\"layers\":" layers "}"
#define linear(out)                                                                      \
  "{\"kind\":\"linear\",\"attrs\":{\"out_features\":" out ",\"bias\":0}}"

static const bad_description bad_descriptions[] = {
    {PFLOW_EFORMAT, "archive: pflow.net, byte 1", "x"},
    {PFLOW_EFORMAT, "of format ''", "[]"},
    {PFLOW_EFORMAT, "of format 'pflow.optim', wants 'pflow.net'",
     "{\"format\":\"pflow.optim\",\"version\":1}"},
    {PFLOW_EFORMAT, "has no version", "{\"format\":\"pflow.net\"}"},
    {PFLOW_EFORMAT, "has no version", "{\"format\":\"pflow.net\",\"version\":0}"},
    {PFLOW_EUNSUPPORTED, "is of version 2, at most 1",
     "{\"format\":\"pflow.net\",\"version\":2}"},
    {PFLOW_EFORMAT, "duplicate", "{\"format\":\"pflow.net\",\"format\":\"pflow.net\"}"},
    {PFLOW_EFORMAT, "'input' is not a list", described("3", "[]")},
    {PFLOW_EFORMAT, "'input' is not a list", described("[]", "[]")},
    {PFLOW_EFORMAT, "'input' is not a list", described("[1,1,1,1]", "[]")},
    {PFLOW_EFORMAT, "number 1 of 'input'", described("[1,0,1]", "[]")},
    {PFLOW_EFORMAT, "number 0 of 'input'", described("[1.5]", "[]")},
    {PFLOW_EFORMAT, "2 dimensions", described("[1,1]", "[" linear("2") "]")},
    {PFLOW_EFORMAT, "'layers' is not a list", described("[1]", "{}")},
    {PFLOW_EFORMAT, "without layers", described("[1]", "[]")},
    {PFLOW_EFORMAT, "layer 0 has no kind", described("[1]", "[{}]")},
    {PFLOW_EFORMAT, "layer 1 has no kind", described("[1]", "[" linear("2") ",3]")},
    {PFLOW_EFORMAT, "layer 0 has no kind",
     described("[1]", "[{\"kind\":\"a kind of far more than 31 bytes\",\"attrs\":{}}]")},
    {PFLOW_EFORMAT, "layer 0 (relu) has no attrs",
     described("[1]", "[{\"kind\":\"relu\"}]")},
    {PFLOW_EFORMAT, "layer 0 (relu) has no attrs of at most 16",
     described("[1]", "[{\"kind\":\"relu\",\"attrs\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,"
                      "\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,"
                      "\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":1}}]")},
    {PFLOW_EFORMAT, "attribute 'a' is not a number",
     described("[1]", "[{\"kind\":\"relu\",\"attrs\":{\"a\":\"b\"}}]")},
    {PFLOW_EFORMAT, "attribute 'a_name_of_24_characters__' is not",
     described("[1]",
               "[{\"kind\":\"relu\",\"attrs\":{\"a_name_of_24_characters__\":1}}]")},
    {PFLOW_EUNSUPPORTED, "gelu", described("[1]", "[{\"kind\":\"gelu\",\"attrs\":{}}]")},
    {PFLOW_EFORMAT, "out_feature", described("[1]", "[" linear("-1") "]")},
    {PFLOW_EFORMAT, "out_feature", described("[1]", "[" linear("1.5") "]")},
    {PFLOW_EFORMAT, "3 values, the file 2", described("[1]", "[" linear("3") "]")},
    {PFLOW_EFORMAT, "10000000000 values, the file 2",
     described("[100000]", "[" linear("100000") "]")},
    {PFLOW_EFORMAT, "overflow",
     described("[9007199254740992]", "[" linear("9007199254740992") "]")},
    {PFLOW_ENOTFOUND, "no tensor '0.weight'", described("[1]", "[" linear("2") "]")},
};

START_TEST(bad_descriptions_are_named) {
  for (size_t i = 0; i < sizeof bad_descriptions / sizeof *bad_descriptions; i++) {
    const bad_description *bad = &bad_descriptions[i];
    pflow_archive *archive;
    pflow_net *net;
    ck_ok(pflow_archive_create(&archive));
    ck_ok(pflow_archive_put(archive, "x", (float[]){1, 2}, (size_t[]){2}, 1));
    ck_ok(pflow_archive_put_text(archive, "pflow.net", bad->json));
    pflow_err rc = pflow_archive_build_net(archive, "", &net, NULL);
    ck_assert_msg(rc == bad->code && strstr(pflow_errmsg(), bad->text) != NULL,
                  "%s: %d (%s), wants %d (%s)", bad->json, rc, pflow_errmsg(), bad->code,
                  bad->text);
    ck_assert_ptr_null(net);
    pflow_archive_destroy(archive);
    ck_assert_uint_eq(pflow_live_blocks(), 0);
  }
}
END_TEST

/* PFLOW_ARCHIVE_MAX_ITEMS layers are too many by one behind the linear layer. */
START_TEST(too_many_layers_are_refused) {
  pflow_net *net;
  pflow_archive *archive;
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(pflow_net_add_linear(net, 1, 0));
  for (size_t i = 0; i < PFLOW_ARCHIVE_MAX_ITEMS; i++)
    ck_ok(pflow_net_add_relu(net));
  ck_ok(pflow_net_build(net, (size_t[]){1}, 1));
  ck_ok(pflow_archive_create(&archive));
  ck_fails(pflow_archive_put_net(archive, "", net), PFLOW_ETOOLARGE,
           "a network of 16385 layers, at most 16384");
  pflow_net_destroy(net);

  static const char relu[] = "{\"kind\":\"relu\",\"attrs\":{}}";
  const size_t most = PFLOW_ARCHIVE_MAX_ITEMS;
  char *json = malloc(most * sizeof relu + 200);
  ck_assert(json != NULL);
  size_t length = (size_t)sprintf(
      json, "{\"format\":\"pflow.net\",\"version\":1,\"input\":[1],\"layers\":[%s", relu);
  for (size_t i = 0; i < most; i++)
    length += (size_t)sprintf(json + length, ",%s", relu);
  sprintf(json + length, "]}");
  ck_ok(pflow_archive_put_text(archive, "pflow.net", json));
  ck_fails(pflow_archive_build_net(archive, "", &net, NULL), PFLOW_ETOOLARGE,
           "a network of 16385 layers, at most 16384");
  free(json);
  pflow_archive_destroy(archive);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err plan_same(pflow_layer_plan *plan, void *self) {
  (void)self;
  plan->out = plan->in;
  return PFLOW_OK;
}

static pflow_err run_nothing(const pflow_layer_call *call, void *self) {
  (void)call;
  (void)self;
  return PFLOW_OK;
}

/* self is the description that the layer gives of itself. */
static void describe_as(pflow_layer_info *info, const void *self) {
  *info = *(const pflow_layer_info *)self;
}

static void check_described_as(const char *kind, pflow_layer_info *info,
                               const char *text) {
  pflow_layer_class own = {sizeof own,  kind,        plan_same, run_nothing,
                           run_nothing, describe_as, NULL};
  pflow_net *net;
  pflow_archive *archive;
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(pflow_net_add_layer(net, &own, info));
  ck_ok(pflow_net_build(net, (size_t[]){1}, 1));
  ck_ok(pflow_archive_create(&archive));
  ck_fails(pflow_archive_put_net(archive, "", net), PFLOW_EINVAL, text);
  pflow_archive_destroy(archive);
  pflow_net_destroy(net);
}

START_TEST(layers_that_cannot_be_described_are_named) {
  pflow_layer_info info = {.n_attrs = 2, .attr = {{"fine", 1}, {"bad", NAN}}};
  check_described_as("own", &info, "layer 0 (own): attribute 'bad' = nan");
  info.attr[1].value = -INFINITY;
  check_described_as("own", &info, "'bad' = -inf");
  info.attr[1].value = 0;
  check_described_as("\xFF", &info, "not UTF-8");
  memset(info.attr[1].name, 'n', sizeof info.attr[1].name);
  check_described_as("own", &info, "attribute 'nnnnnnnnnnnnnnnnnnnnnnnn' = 0");
  info.n_attrs = PFLOW_LAYER_MAX_ATTRS + 1;
  check_described_as("own", &info, "has 17 attributes, at most 16");
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

int main(void) {
  return run_tests("net_describe",
                   TESTS(a_description_is_this_json, bad_descriptions_are_named,
                         too_many_layers_are_refused,
                         layers_that_cannot_be_described_are_named));
}
