#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"

typedef enum kind { flag_kind, count_kind, seed_kind, real_kind, text_kind } kind;

/* One option: where it lives, what it may be, and what --help says. */
typedef struct knob {
  const char *name;
  kind kind;
  size_t offset;
  double least, most;  /* of numbers */
  const char *choices; /* of texts: "a|b|c", or NULL for any */
  bool encoder;        /* decides the encoder's weights */
  const char *help;
} knob;

#define AT(field) offsetof(options, field)

static const knob knobs[] = {
    {"preset", text_kind, AT(preset), 0, 0, "post|quick|smoke", false,
     "post: the 2023 post's settings; quick: a few minutes on two cores; smoke: "
     "seconds"},
    {"data", text_kind, AT(data), 0, 0, NULL, false,
     "folder with CIFAR-10 binary files or IDX files, or \"synthetic\""},
    {"out", text_kind, AT(out), 0, 0, NULL, false, "folder for results"},
    {"resume", flag_kind, AT(resume), 0, 1, NULL, false,
     "go on from the checkpoint in --out, if there is one; without this it is replaced"},
    {"encode", flag_kind, AT(encode), 0, 1, NULL, false,
     "no training: encode the test images of --data with the encoder that a run has left "
     "in --out, to foreign_x.npy and foreign_y.npy there"},
    {"seed", seed_kind, AT(seed), 0, 0, NULL, true, "seed of everything random"},
    {"threads", count_kind, AT(threads), 0, 256, NULL, false,
     "threads of the library's loops (0: one a processor); double-precision products "
     "are the BLAS's, with a setting of its own, e.g. OPENBLAS_NUM_THREADS"},
    {"train-limit", count_kind, AT(train_limit), 0, 1e9, NULL, true,
     "train images used (0: all)"},
    {"test-limit", count_kind, AT(test_limit), 0, 1e9, NULL, false,
     "test images used (0: all)"},
    {"epochs", count_kind, AT(epochs), 1, 1e6, NULL, false, "epochs of the encoder"},
    {"batch", count_kind, AT(batch), 2, 1e6, NULL, true, "images in a training batch"},
    {"lr", real_kind, AT(lr), 0, 1e3, NULL, true, "Adam's rate for the encoder"},
    {"width", real_kind, AT(width), 0.01, 16, NULL, true,
     "scale of the encoder's channels and hidden layers"},
    {"no-shuffle", flag_kind, AT(no_shuffle), 0, 1, NULL, true,
     "train in the files' order, as the post's script did"},
    {"no-augment", flag_kind, AT(no_augment), 0, 1, NULL, true,
     "no random crops and flips"},
    {"field-epochs", count_kind, AT(field_epochs), 1, 1e6, NULL, false,
     "epochs of the field network"},
    {"field-batch", count_kind, AT(field_batch), 1, 1e9, NULL, false,
     "sources that make a field target"},
    {"field-small", count_kind, AT(field_small), 1, 1e9, NULL, false,
     "points perturbed in a step"},
    {"field-lr", real_kind, AT(field_lr), 0, 1e3, NULL, false,
     "Adam's rate for the field"},
    {"sigma", real_kind, AT(sigma), 1e-9, 1e9, NULL, false, "noise at m = 0"},
    {"tau", real_kind, AT(tau), 1e-9, 1e3, NULL, false, "growth a unit of m"},
    {"m-max", real_kind, AT(m_max), 0, 1e6, NULL, false,
     "largest exponent M (20: the post; 291: PFGM on CIFAR-10; -1: PFGM's rule)"},
    {"restrict-m", flag_kind, AT(restrict_m), 0, 1, NULL, false,
     "smaller exponents near the data plane, as PFGM does"},
    {"gamma", real_kind, AT(gamma), 0, 1e9, NULL, false,
     "softening of the target's norm (0.3: the post's script; 5: PFGM)"},
    {"ode", text_kind, AT(ode), 0, 0, "euler|midpoint|heun|rk4|bs23|dopri5", false,
     "integrator of the flow"},
    {"ode-steps", count_kind, AT(ode_steps), 1, 1e8, NULL, false,
     "steps of a fixed-step integrator"},
    {"clock", text_kind, AT(clock), 0, 0, "radial|arc|z|log-z", false,
     "independent variable of the flow"},
    {"flow-length", real_kind, AT(flow_length), 0, 1e6, NULL, false,
     "how far the clock runs, in its own unit"},
    {"rtol", real_kind, AT(rtol), 0, 1, NULL, false,
     "relative tolerance of adaptive integrators"},
    {"atol", real_kind, AT(atol), 1e-30, 1e6, NULL, false, "absolute tolerance"},
    {"max-speed", real_kind, AT(max_speed), 1e-6, 1e12, NULL, false,
     "cap on the flow's speed where the clock is singular"},
    {"probe-c", real_kind, AT(probe_c), 1e-12, 1e12, NULL, false,
     "C of the logistic refits"},
    {"probe-iters", count_kind, AT(probe_iters), 1, 1e9, NULL, false,
     "most iterations of a refit"},
};

enum { knob_count = sizeof knobs / sizeof *knobs };

static void usage_error(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void usage_error(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "cifar10: ");
  vfprintf(stderr, format, args);
  fprintf(stderr, "; see cifar10 --help\n");
  va_end(args);
  exit(2);
}

static void preset_post(options *self) {
  *self = (options){.preset = "post",
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
}

static void preset_quick(options *self) {
  preset_post(self);
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

static void *place(const options *self, const knob *option) {
  return (char *)(uintptr_t)self + option->offset;
}

static double parse_number(const knob *option, const char *text) {
  char *end;
  double value = strtod(text, &end);
  bool whole = option->kind == real_kind || floor(value) == value;
  bool rule = strcmp(option->name, "m-max") == 0 && value == -1.0;
  if (*text == 0 || *end != 0 || !whole)
    usage_error("--%s wants a %s, got \"%s\"", option->name,
                option->kind == real_kind ? "number" : "whole number", text);
  if (!(value >= option->least && value <= option->most) && !rule) {
    char range[64];
    snprintf(range, sizeof range, "%g to %g", option->least, option->most);
    usage_error("--%s wants %s, got %s", option->name, range, text);
  }
  return value;
}

static uint64_t parse_seed(const char *text) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != 0)
    usage_error("--seed wants a whole number, got \"%s\"", text);
  if (errno != 0 || value > INT64_MAX) /* more than JSON readers take */
    usage_error("--seed wants 0 to %lld, got %s", (long long)INT64_MAX, text);
  return value;
}

/* True when text is one of the words of "a|b|c". */
static bool is_choice(const char *choices, const char *text) {
  size_t length = strlen(text);
  for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
    if (length > 0 && strncmp(at, text, length) == 0 &&
        (at[length] == '|' || at[length] == 0))
      return true;
  return false;
}

static void set_knob(options *self, const knob *option, const char *text) {
  void *at = place(self, option);
  switch (option->kind) {
  case flag_kind:
    *(int *)at = 1;
    break;
  case count_kind:
    *(size_t *)at = (size_t)parse_number(option, text);
    break;
  case seed_kind:
    *(uint64_t *)at = parse_seed(text);
    break;
  case real_kind:
    *(double *)at = parse_number(option, text);
    break;
  case text_kind:
    if (option->choices && !is_choice(option->choices, text))
      usage_error("--%s wants %s, got \"%s\"", option->name, option->choices, text);
    *(const char **)at = text;
    break;
  }
}

/* The value of a knob as text. */
static void format_knob(const options *self, const knob *option, char *text,
                        size_t size) {
  const void *at = place(self, option);
  switch (option->kind) {
  case flag_kind:
    snprintf(text, size, "%d", *(const int *)at);
    break;
  case count_kind:
    snprintf(text, size, "%zu", *(const size_t *)at);
    break;
  case seed_kind:
    snprintf(text, size, "%llu", (unsigned long long)*(const uint64_t *)at);
    break;
  case real_kind:
    snprintf(text, size, "%.12g", *(const double *)at);
    break;
  case text_kind:
    snprintf(text, size, "%s", *(const char *const *)at);
    break;
  }
}

/* Text from a column on to the end of the line, broken between words before column 80. */
static void print_wrapped(const char *text, int indent) {
  int column = indent;
  for (int length; *text; text += length, text += strspn(text, " ")) {
    length = (int)strcspn(text, " ");
    if (column > indent && column + 1 + length >= 80) {
      printf("\n%*s", indent, "");
      column = indent;
    }
    column += printf(column > indent ? " %.*s" : "%.*s", length, text);
  }
  putchar('\n');
}

/* An option's lines of --help. */
static void print_knob(const options *defaults, const knob *option) {
  enum { indent = 30 };
  char left[80], value[64], text[512];
  bool is_text = option->kind == text_kind, is_flag = option->kind == flag_kind;
  const char *word = is_flag ? "" : is_text ? "DIR" : "N";
  snprintf(left, sizeof left, "--%s %s", option->name,
           option->choices ? option->choices : word);
  snprintf(text, sizeof text, "%s", option->help);
  if (!is_flag && !(is_text && !*(const char *const *)place(defaults, option))) {
    format_knob(defaults, option, value, sizeof value);
    snprintf(text, sizeof text, "%s [%s]", option->help, value);
  }
  int used = printf("  %-*s", indent - 2, left);
  if (used > indent) printf("\n%*s", indent, "");
  print_wrapped(text, indent);
}

static void print_help(void) {
  options defaults;
  preset_post(&defaults);
  puts(
      "usage: cifar10 --data DIR [options]\n\n"
      "Trains SmallAlexNet on images, learns the Poisson field of its features, moves\n"
      "the features along the field, refits a logistic classifier, and prints the table\n"
      "of accuracies beside the controls. Writes checkpoint, models, results.json,\n"
      "table.md, loss.png and features.png to the --out folder.\n\n"
      "In brackets: the value without the option under --preset post.\n");
  for (size_t i = 0; i < knob_count; i++)
    print_knob(&defaults, &knobs[i]);
  puts("  --help                      this text\n"
       "  --version                   version of the library");
}

/* The words of getopt_long: one for each knob, then help and version. */
static void fill_words(struct option words[knob_count + 3]) {
  memset(words, 0, (knob_count + 3) * sizeof *words);
  for (int i = 0; i < knob_count; i++) {
    int argument = knobs[i].kind == flag_kind ? no_argument : required_argument;
    words[i] = (struct option){knobs[i].name, argument, NULL, 256 + i};
  }
  words[knob_count] = (struct option){"help", no_argument, NULL, 'h'};
  words[knob_count + 1] = (struct option){"version", no_argument, NULL, 'v'};
}

/* What getopt_long could not take: a long word, or one letter. */
static void refuse_word(int code, const char *word) {
  char letter[] = {'-', (char)optopt, 0};
  if (code == ':') usage_error("%s wants a value", word);
  usage_error("unknown option %s", optopt > 0 && optopt < 256 ? letter : word);
}

/* One pass over the words; only the preset is taken in the first. */
static void read_words(options *self, int argc, char **argv, bool only_preset) {
  struct option words[knob_count + 3];
  fill_words(words);
  optind = 0;
  for (int code; (code = getopt_long(argc, argv, ":h", words, NULL)) != -1;) {
    if (code == 'h' || code == 'v') {
      if (code == 'h') print_help();
      if (code == 'v') printf("libpflow %s\n", pflow_version());
      must_flush();
      exit(EXIT_SUCCESS);
    }
    if ((code == '?' || code == ':') && !only_preset) refuse_word(code, argv[optind - 1]);
    if (code < 256) continue;
    const knob *option = &knobs[code - 256];
    bool is_preset = strcmp(option->name, "preset") == 0;
    if (is_preset == only_preset) set_knob(self, option, optarg);
  }
}

void options_parse(options *self, int argc, char **argv) {
  preset_post(self);
  read_words(self, argc, argv, true);
  const char *preset = self->preset;
  if (strcmp(preset, "quick") == 0) preset_quick(self);
  if (strcmp(preset, "smoke") == 0) preset_smoke(self);
  read_words(self, argc, argv, false);
  if (optind < argc) usage_error("unknown word \"%s\"", argv[optind]);
  if (!self->data) usage_error("--data DIR is needed (or --data synthetic)");
  /* A single row has no uniformity, and no batch norm. */
  if (self->train_limit == 1 || self->test_limit == 1)
    usage_error("--%s-limit wants 0 (all) or 2 and more, got 1",
                self->train_limit == 1 ? "train" : "test");
}

json_t *options_json(const options *self) {
  json_t *object = json_object();
  for (size_t i = 0; i < knob_count; i++) {
    char text[4096];
    const knob *option = &knobs[i];
    format_knob(self, option, text, sizeof text);
    json_t *value;
    if (option->kind == text_kind)
      value = json_string(text);
    else if (option->kind == flag_kind)
      value = json_boolean(*(const int *)place(self, option));
    else if (option->kind == real_kind)
      value = json_real(*(const double *)place(self, option));
    else
      value = json_integer((json_int_t)strtoull(text, NULL, 10));
    json_object_set_new(object, option->name, value);
  }
  return object;
}

void options_encoder_text(const options *self, char *text, size_t size) {
  size_t used = 0;
  text[0] = 0;
  for (size_t i = 0; i < knob_count && used < size; i++) {
    if (!knobs[i].encoder) continue;
    char value[4096];
    format_knob(self, &knobs[i], value, sizeof value);
    int wrote = snprintf(text + used, size - used, "--%s %s\n", knobs[i].name, value);
    used += wrote > 0 ? (size_t)wrote : 0;
  }
}

void options_out_path(const options *self, char *path, size_t size, const char *name) {
  int length = snprintf(path, size, "%s/%s", self->out, name);
  if (length < 0 || (size_t)length >= size) fail("--out %s: path too long", self->out);
}
