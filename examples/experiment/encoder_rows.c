#include "encoder_rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "cifar10/alexnet.h"
#include "cli/json_out.h"
#include "common/must.h"
#include "files.h"

/* How many of the list before `count` are of the same data set. */
static size_t count_like(const encoder_rows *list, size_t count, const char *data) {
  size_t like = 0;
  for (size_t i = 0; i < count; i++)
    like += strcmp(list[i].data, data) == 0;
  return like;
}

static void read_one(encoder_rows *self, const char *text, size_t length) {
  const char *sign = memchr(text, '=', length);
  const size_t data = sign ? (size_t)(sign - text) : 0;
  if (data == 0 || data >= data_name || data + 1 == length || length - data > folder_name)
    fail("--encoders: \"%.*s\" is no DATASET=FOLDER", (int)length, text);
  *self = (encoder_rows){0};
  memcpy(self->data, text, data);
  memcpy(self->folder, sign + 1, length - data - 1);
  if (strcspn(self->data, "/") != data)
    fail("--encoders: the data set's name \"%s\" has a slash", self->data);
}

size_t encoder_rows_read(encoder_rows list[most_encoders], const char *text) {
  size_t count = 0;
  for (bool last = false; !last; count++) {
    const size_t length = strcspn(text, ",");
    if (count == most_encoders) fail("--encoders: more than %d folders", most_encoders);
    encoder_rows *one = &list[count];
    read_one(one, text, length);
    snprintf(one->name, sizeof one->name, "%s.%zu", one->data,
             count_like(list, count, one->data));
    last = text[length] == 0;
    text += length + 1;
  }
  return count;
}

bool encoder_rows_present(const encoder_rows *self) {
  char path[path_size];
  path_in(self->folder, "train_x.npy", path);
  return access(path, F_OK) == 0;
}

void encoder_rows_load(const encoder_rows *self, size_t max_rows, arena *rows) {
  char in[path_size], labels[path_size], test[path_size], test_labels[path_size];
  path_in(self->folder, "train_x.npy", in);
  path_in(self->folder, "train_y.npy", labels);
  path_in(self->folder, "test_x.npy", test);
  path_in(self->folder, "test_y.npy", test_labels);
  must_do(arena_load(rows, &(arena_files){in, labels, test, test_labels, max_rows, 0}));
  if (rows->train.dim != FEATURE_DIM)
    fail("%s: rows of %zu values, cifar10 makes %d", in, rows->train.dim, FEATURE_DIM);
}

pflow_features encoder_rows_foreign(const encoder_rows *self, size_t dim) {
  char path[path_size];
  float *x = NULL;
  pflow_features found = {.dim = dim};
  path_in(self->folder, "foreign_x.npy", path);
  if (access(path, F_OK) != 0) return found;
  must(pflow_rows_load(&x, &found.n, &found.dim, path));
  if (found.dim != dim) fail("%s: rows of %zu values, wants %zu", path, found.dim, dim);
  found.x = x;
  return found;
}

/* ---- what is kept of an encoder ---- */

/* Of the bytes of a file; 0 where there is none. */
static unsigned long checksum(const char *folder, const char *name) {
  unsigned char bytes[1 << 16];
  char path[path_size];
  unsigned long sum = 0;
  path_in(folder, name, path);
  FILE *file = fopen(path, "rb");
  if (!file && errno == ENOENT) return 0;
  if (!file) fail("%s: cannot be read: %s", path, strerror(errno));
  for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;)
    sum = crc32(sum, bytes, (unsigned)n);
  if (ferror(file)) fail("%s: cannot be read: %s", path, strerror(errno));
  fclose(file);
  return sum;
}

static json_t *features_of(const encoder_rows *self) {
  static const char *const names[] = {"train_x.npy", "train_y.npy", "test_x.npy",
                                      "test_y.npy", "foreign_x.npy"};
  json_t *sums = json_out_object();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    put_size(sums, names[i], checksum(self->folder, names[i]));
  return sums;
}

/* From the folder's results.json. */
static json_t *head_of(const encoder_rows *self) {
  char path[path_size];
  json_t *head = json_array(), *row;
  size_t i;
  path_in(self->folder, "results.json", path);
  json_t *all = json_load_file(path, 0, NULL);
  json_array_foreach(json_object_get(all, "rows"), i, row) {
    const char *name = json_string_value(json_object_get(row, "name"));
    if (name && strncmp(name, "head", 4) == 0)
      json_array_append_new(head,
                            json_pack("{s:s, s:O, s:O}", "name", name, "train",
                                      json_object_get(row, "train_accuracy"), "test",
                                      json_object_get(row, "test_accuracy")));
  }
  json_decref(all);
  return head;
}

static void path_kept(const encoder_rows *self, const char *out, char path[path_size]) {
  char folder[path_size];
  path_in(out, self->name, folder);
  path_in(folder, "encoder.json", path);
}

static void check_same(const encoder_rows *self, const json_t *features,
                       const char *path) {
  const char *name;
  json_t *kept = json_read(path), *sum;
  json_object_foreach(json_object_get(kept, "features"), name, sum) {
    if (!json_equal(sum, json_object_get(features, name)))
      fail("%s/%s: not the features that %s is of; choose another --out", self->folder,
           name, path);
  }
  json_decref(kept);
}

void encoder_rows_keep(const encoder_rows *self, const char *out) {
  char path[path_size];
  json_t *features = features_of(self);
  path_in(out, self->name, path);
  make_folder(path);
  path_kept(self, out, path);
  if (access(path, F_OK) == 0) {
    check_same(self, features, path);
    json_decref(features);
  } else {
    json_t *kept = json_out_object();
    put_json(kept, "features", features);
    put_json(kept, "head", head_of(self));
    json_write(kept, path);
  }
}

json_t *encoder_rows_head(const encoder_rows *self, const char *out) {
  char path[path_size];
  path_kept(self, out, path);
  json_t *kept = json_read(path), *head = json_incref(json_object_get(kept, "head"));
  json_decref(kept);
  return head;
}
