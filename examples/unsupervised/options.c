#include "options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/say.h"
#include "common/must.h"

static const options full = {.preset = "full",
                             .out = "out/unsupervised",
                             .loss = "align-uniform",
                             .epochs = 100,
                             .batch = 256,
                             .map_rows = 20000,
                             .lr = 1e-3,
                             .width = 1.0,
                             .crop_area = 0.2,
                             .tau = 0.5,
                             .beta = 1.0};

static options quick(void) {
  options made = full;
  made.preset = "quick";
  made.width = 0.25;
  made.epochs = 4;
  made.train_limit = 20000;
  made.test_limit = 5000;
  made.map_rows = 5000;
  return made;
}

static options smoke(void) {
  options made = quick();
  made.preset = "smoke";
  made.width = 0.0625;
  made.epochs = 2;
  made.batch = 32;
  made.train_limit = 300;
  made.test_limit = 150;
  return made;
}

#define AT(field) .offset = offsetof(options, field)

static const option_spec specs[] = {
    {.name = "preset",
     .kind = text_option,
     AT(preset),
     .value = "full|quick|smoke",
     .help = "full: SmallAlexNet, all images; quick: a few minutes on two cores; smoke: "
             "seconds, its figures mean nothing"},
    {.name = "data",
     .kind = text_option,
     AT(data),
     .value = "DIR",
     .required = true,
     .help = "folder with CIFAR-10 binary files or IDX files, or \"synthetic\""},
    {.name = "out", .kind = text_option, AT(out), .value = "DIR", .help = "for results"},
    {.name = "loss",
     .kind = text_option,
     AT(loss),
     .value = "align-uniform|infonce|l2",
     .help = "what is minimised"},
    {.name = "tau",
     .kind = real_option,
     AT(tau),
     .value = "N",
     .least = 1e-3,
     .most = 1e3,
     .help = "temperature of infonce"},
    {.name = "beta",
     .kind = real_option,
     AT(beta),
     .value = "N",
     .least = 1,
     .most = 16,
     .help = "power of the repulsion of l2"},
    {.name = "crop-area",
     .kind = real_option,
     AT(crop_area),
     .value = "N",
     .least = 0.01,
     .most = 1,
     .help = "least share of an image that a view shows"},
    {.name = "epochs",
     .kind = count_option,
     AT(epochs),
     .value = "N",
     .least = 1,
     .most = 1e6,
     .help = "epochs of training"},
    {.name = "batch",
     .kind = count_option,
     AT(batch),
     .value = "N",
     .least = 2,
     .most = 1e5,
     .help = "images in a batch, each in two views"},
    {.name = "lr",
     .kind = real_option,
     AT(lr),
     .value = "N",
     .least = 1e-9,
     .most = 1e3,
     .help = "Adam's rate"},
    {.name = "width",
     .kind = real_option,
     AT(width),
     .value = "N",
     .least = 0.01,
     .most = 16,
     .help = "scale of the encoder's channels and hidden layers"},
    {.name = "train-limit",
     .kind = count_option,
     AT(train_limit),
     .value = "N",
     .least = 200,
     .most = 1e9,
     .has_zero = true,
     .help = "train images used (0: all)"},
    {.name = "test-limit",
     .kind = count_option,
     AT(test_limit),
     .value = "N",
     .least = 2,
     .most = 1e9,
     .has_zero = true,
     .help = "test images used (0: all)"},
    {.name = "map-rows",
     .kind = count_option,
     AT(map_rows),
     .value = "N",
     .least = 200,
     .most = 1e9,
     .help = "train features at most that make the Poisson map's field"},
    {.name = "supervised",
     .kind = text_option,
     AT(supervised),
     .value = "DIR",
     .help = "features of a network trained with labels, as cifar10 leaves them"},
    {.name = "resume",
     .kind = flag_option,
     AT(resume),
     .help = "go on from the checkpoint in --out, if there is one"},
    OPTION_SEED(options),
    OPTION_THREADS(options),
};

static const command unsupervised = {
    .name = "unsupervised",
    .usage = "--data DIR [options]",
    .about =
        "Trains SmallAlexNet without labels, on two views of each image, and measures "
        "its features by a linear probe and nearest neighbours, as they are and after "
        "the Poisson map, beside an untrained network and whitening. Writes "
        "checkpoint, features, table.md and results.json to --out. Defaults are those "
        "of --preset full.",
    .options = specs,
    .option_count = sizeof specs / sizeof *specs,
    .defaults = &full,
    .size = sizeof full};

int options_parse(options *self, int argc, char **argv, bool *ended) {
  *self = full;
  const int status = options_read(&unsupervised, self, argc, argv, ended);
  const char *preset = self->preset;
  if (status != status_ok || *ended || strcmp(preset, "full") == 0) return status;
  *self = strcmp(preset, "quick") == 0 ? quick() : smoke();
  return options_read(&unsupervised, self, argc, argv, ended);
}

void options_encoder_text(const options *self, char *text, size_t size) {
  const int length = snprintf(
      text, size,
      "--seed %" PRIu64 "\n--train-limit %zu\n--loss %s\n--tau %.12g\n--beta %.12g\n"
      "--crop-area %.12g\n--batch %zu\n--lr %.12g\n--width %.12g\n",
      self->seed, self->train_limit, self->loss, self->tau, self->beta, self->crop_area,
      self->batch, self->lr, self->width);
  if (length < 0 || (size_t)length >= size) fail("the settings are too long");
}

void options_out_path(const options *self, char path[4096], const char *name) {
  const int length = snprintf(path, 4096, "%s/%s", self->out, name);
  if (length < 0 || length >= 4096) fail("--out %s: path too long", self->out);
}
