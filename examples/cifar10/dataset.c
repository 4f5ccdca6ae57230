#include "dataset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/must.h"

static int has_file(const char *folder, const char *name) {
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/%s", folder, name);
  return length > 0 && (size_t)length < sizeof path && access(path, R_OK) == 0;
}

static int is_idx(const char *folder) {
  return has_file(folder, "train-images-idx3-ubyte") ||
         has_file(folder, "train-images-idx3-ubyte.gz");
}

/* Says what is wrong with --data, where the library would name a file of one format. */
static void check_folder(const char *folder) {
  if (!has_file(folder, ".")) fail("--data %s: %s", folder, strerror(errno));
  if (!is_idx(folder) && !has_file(folder, "data_batch_1.bin") &&
      !has_file(folder, "cifar-10-batches-bin/data_batch_1.bin"))
    fail("--data %s: holds neither CIFAR-10's data_batch_1.bin nor IDX files "
         "(train-images-idx3-ubyte)",
         folder);
}

/* Image i is the same however many there are. */
static pflow_images *synthetic_split(const dataset_choice *choice, pflow_split split,
                                     size_t n) {
  pflow_images *images;
  pflow_synthetic_config config;
  pflow_synthetic_config_init(&config);
  config.n = n;
  config.seed = choice->seed;
  config.split = split;
  must(pflow_images_create_synthetic(&images, &config));
  return images;
}

/* One split of the files, with 3 x 32 x 32 pixels. */
static pflow_images *file_split(const dataset_choice *choice, pflow_split split) {
  pflow_images *images, *padded;
  if (!is_idx(choice->data)) {
    must(pflow_images_load_cifar10(&images, choice->data, split));
    return images;
  }
  must(pflow_images_load_idx(&images, choice->data, split));
  must(pflow_images_pad(&padded, images, 3, 32, 32));
  pflow_images_destroy(images);
  return padded;
}

static pflow_images *limited(pflow_images *images, size_t limit) {
  if (limit == 0 || limit >= pflow_images_count(images)) return images;
  pflow_images *part;
  must(pflow_images_take(&part, images, limit));
  pflow_images_destroy(images);
  return part;
}

static const char *dataset_name(const char *data) {
  if (!is_idx(data)) return "CIFAR-10";
  return strstr(data, "fashion") ? "Fashion-MNIST (IDX)" : "IDX images";
}

void dataset_load(dataset *self, const dataset_choice *choice) {
  if (strcmp(choice->data, "synthetic") == 0) {
    self->name = "synthetic";
    self->train = synthetic_split(choice, PFLOW_TRAIN,
                                  choice->train_limit ? choice->train_limit : 20000);
    self->test = synthetic_split(choice, PFLOW_TEST,
                                 choice->test_limit ? choice->test_limit : 5000);
  } else {
    check_folder(choice->data);
    self->name = dataset_name(choice->data);
    self->train = limited(file_split(choice, PFLOW_TRAIN), choice->train_limit);
    self->test = limited(file_split(choice, PFLOW_TEST), choice->test_limit);
  }
}

void dataset_destroy(dataset *self) {
  pflow_images_destroy(self->train);
  pflow_images_destroy(self->test);
}
