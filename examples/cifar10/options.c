#include "options.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_out.h"
#include "cli/options.h"
#include "cli/say.h"
#include "common/must.h"

#define AT(what, type, member)                                                           \
  .name = what, .kind = type##_option, .offset = offsetof(options, member)
#define TEXT(what, member, takes, ...)                                                   \
  { AT(what, text, member), .value = takes, __VA_ARGS__ }
#define FLAG(what, member, sentence)                                                     \
  { AT(what, flag, member), .help = sentence }
#define COUNT(what, member, low, high, ...)                                              \
  { AT(what, count, member), .value = "N", .least = low, .most = high, __VA_ARGS__ }
#define REAL(what, member, low, high, sentence)                                          \
  { AT(what, real, member), .value = "N", .least = low, .most = high, .help = sentence }

static const option_spec specs[] = {
    TEXT("preset", preset, "post|quick|smoke",
         .help = "post: the 2023 post's settings; quick: a few minutes on two cores;"
                 " smoke: seconds"),
    TEXT("data", data, "DIR", .required = true,
         .help = "folder with CIFAR-10 binary files or IDX files, or \"synthetic\""),
    TEXT("out", out, "DIR", .help = "folder for results"),
    FLAG("resume", resume,
         "go on from the checkpoint in --out, if there is one; without this "
         "it is replaced"),
    FLAG("encode", encode,
         "no training: encode the test images of --data with the encoder "
         "that a run has left in --out, to foreign_x.npy and foreign_y.npy "
         "there"),
    OPTION_SEED(options),
    COUNT("threads", threads, 0, 256,
          .help = "threads of the library's loops (0: one a processor); double-"
                  "precision products are the BLAS's, with a setting of its own, e.g."
                  " OPENBLAS_NUM_THREADS"),
    COUNT("train-limit", train_limit, 2, 1e9, .has_zero = true,
          .help = "train images used (0: all)"),
    COUNT("test-limit", test_limit, 2, 1e9, .has_zero = true,
          .help = "test images used (0: all)"),
    COUNT("epochs", epochs, 1, 1e6, .help = "epochs of the encoder"),
    COUNT("batch", batch, 2, 1e6, .help = "images in a training batch"),
    REAL("lr", lr, 0, 1e3, "Adam's rate for the encoder"),
    REAL("width", width, 0.01, 16, "scale of the encoder's channels and hidden layers"),
    FLAG("no-shuffle", no_shuffle, "train in the files' order, as the post's script did"),
    FLAG("no-augment", no_augment, "no random crops and flips"),
    COUNT("field-epochs", field_epochs, 1, 1e6, .help = "epochs of the field network"),
    COUNT("field-batch", field_batch, 1, 1e9, .help = "sources that make a field target"),
    COUNT("field-small", field_small, 1, 1e9, .help = "points perturbed in a step"),
    REAL("field-lr", field_lr, 0, 1e3, "Adam's rate for the field"),
    REAL("sigma", sigma, 1e-9, 1e9, "noise at m = 0"),
    REAL("tau", tau, 1e-9, 1e3, "growth a unit of m"),
    REAL("m-max", m_max, -1, 1e6,
         "largest exponent M (20: the post; 291: PFGM on CIFAR-10; -1: "
         "PFGM's rule)"),
    FLAG("restrict-m", restrict_m, "smaller exponents near the data plane, as PFGM does"),
    REAL("gamma", gamma, 0, 1e9,
         "softening of the target's norm (0.3: the post's script; 5: PFGM)"),
    TEXT("ode", ode, "euler|midpoint|heun|rk4|bs23|dopri5",
         .help = "integrator of the flow"),
    COUNT("ode-steps", ode_steps, 1, 1e8, .help = "steps of a fixed-step integrator"),
    TEXT("clock", clock, "radial|arc|z|log-z",
         .help = "independent variable of the flow"),
    REAL("flow-length", flow_length, 0, 1e6, "how far the clock runs, in its own unit"),
    REAL("rtol", rtol, 0, 1, "relative tolerance of adaptive integrators"),
    REAL("atol", atol, 1e-30, 1e6, "absolute tolerance"),
    REAL("max-speed", max_speed, 1e-6, 1e12,
         "cap on the flow's speed where the clock is singular"),
    REAL("probe-c", probe_c, 1e-12, 1e12, "C of the logistic refits"),
    COUNT("probe-iters", probe_iters, 1, 1e9, .help = "most iterations of a refit"),
};

enum { spec_count = sizeof specs / sizeof *specs };

static const options post = {.preset = "post",
                             .out = "out",
                             .epochs = 20,
                             .batch = 256,
                             .lr = 1e-3,
                             .width = 1.0,
                             .field_epochs = 200,
                             .field_batch = 1024,
                             .field_small = 128,
                             .field_lr = 1e-3,
                             .sigma = 0.01,
                             .tau = 0.03,
                             .m_max = 20.0,
                             .gamma = 0.3,
                             .ode = "euler",
                             .clock = "radial",
                             .ode_steps = 100,
                             .flow_length = 1.0,
                             .rtol = 1e-4,
                             .atol = 1e-6,
                             .max_speed = 100.0,
                             .probe_c = 1.0,
                             .probe_iters = 2000};

static void preset_quick(options *self) {
  *self = post;
  self->preset = "quick";
  self->width = 0.25;
  self->epochs = 4;
  self->train_limit = 30000;
  self->field_epochs = 100;
}

static void preset_smoke(options *self) {
  preset_quick(self);
  self->preset = "smoke";
  self->width = 0.0625;
  self->epochs = 2;
  self->batch = 16; /* enough steps for batch norm's running statistics to settle */
  self->train_limit = 600;
  self->test_limit = 300;
  self->field_epochs = 4;
  self->field_batch = 256;
}

static const command cifar10 = {
    .name = "cifar10",
    .usage = "--data DIR [option ...]",
    .about =
        "Trains SmallAlexNet on images, learns the Poisson field of its features, moves "
        "the features along the field, refits a logistic classifier, and prints the "
        "table of accuracies beside the controls. Writes checkpoint, models, "
        "results.json, table.md, loss.png and features.png to the --out folder.\n"
        "In brackets: the value without the option under --preset post.",
    .options = specs,
    .option_count = spec_count,
    .defaults = &post,
    .size = sizeof post};

/* What no range of the table can say. */
static int check(const options *self) {
  if (self->m_max >= 0.0 || self->m_max == -1.0) return status_ok;
  return say_misused("--m-max wants -1 or a number from 0 on, got %g", self->m_max);
}

static int read_all(options *self, int argc, char **argv, bool *ended) {
  *self = post;
  try_status(options_read(&cifar10, self, argc, argv, ended));
  if (*ended) return status_ok;
  const bool is_quick = strcmp(self->preset, "quick") == 0;
  if (is_quick || strcmp(self->preset, "smoke") == 0) {
    (is_quick ? preset_quick : preset_smoke)(self);
    try_status(options_read(&cifar10, self, argc, argv, ended));
  }
  return check(self);
}

void options_parse(options *self, int argc, char **argv) {
  bool ended = false;
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("libpflow %s\n", pflow_version());
    must_flush();
    exit(EXIT_SUCCESS);
  }
  const int status = read_all(self, argc, argv, &ended);
  if (status != status_ok || ended) exit(status);
}

json_t *options_json(const options *self) {
  json_t *object = json_out_object();
  for (size_t i = 0; i < spec_count; i++) {
    const void *at = (const char *)self + specs[i].offset;
    const char *name = specs[i].name;
    switch (specs[i].kind) {
    case flag_option:
      put_bool(object, name, *(const int *)at);
      break;
    case count_option:
      put_size(object, name, *(const size_t *)at);
      break;
    case seed_option:
      put_json(object, name, json_integer((json_int_t) * (const uint64_t *)at));
      break;
    case real_option:
      put_json(object, name, json_real(*(const double *)at));
      break;
    case text_option:
      put_text(object, name, *(const char *const *)at);
    }
  }
  return object;
}

void options_encoder_text(const options *self, char *text, size_t size) {
  const int length =
      snprintf(text, size,
               "--seed %llu\n--train-limit %zu\n--batch %zu\n--lr %.12g\n--width %.12g\n"
               "--no-shuffle %d\n--no-augment %d\n",
               (unsigned long long)self->seed, self->train_limit, self->batch, self->lr,
               self->width, self->no_shuffle, self->no_augment);
  if (length < 0 || (size_t)length >= size) fail("the settings are too long");
}

void options_out_path(const options *self, char *path, size_t size, const char *name) {
  int length = snprintf(path, size, "%s/%s", self->out, name);
  if (length < 0 || (size_t)length >= size) fail("--out %s: path too long", self->out);
}
