#include "encoder_rows.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cifar10/alexnet.h"
#include "common/must.h"

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

static void path_in(const encoder_rows *self, const char *name, char path[2048]) {
  snprintf(path, 2048, "%s/%s", self->folder, name);
}

void encoder_rows_load(const encoder_rows *self, size_t max_rows, arena *rows) {
  char in[2048], labels[2048], test[2048], test_labels[2048];
  path_in(self, "train_x.npy", in);
  path_in(self, "train_y.npy", labels);
  path_in(self, "test_x.npy", test);
  path_in(self, "test_y.npy", test_labels);
  must_do(arena_load(rows, &(arena_files){in, labels, test, test_labels, max_rows, 0}));
  if (rows->train.dim != FEATURE_DIM)
    fail("%s: rows of %zu values, cifar10 makes %d", in, rows->train.dim, FEATURE_DIM);
}

pflow_features encoder_rows_foreign(const encoder_rows *self, size_t dim) {
  char path[2048];
  float *x = NULL;
  pflow_features found = {.dim = dim};
  path_in(self, "foreign_x.npy", path);
  if (access(path, F_OK) != 0) return found;
  must(pflow_rows_load(&x, &found.n, &found.dim, path));
  if (found.dim != dim) fail("%s: rows of %zu values, wants %zu", path, found.dim, dim);
  found.x = x;
  return found;
}

json_t *encoder_rows_head(const encoder_rows *self) {
  char path[2048];
  json_t *head = json_array(), *row;
  size_t i;
  path_in(self, "results.json", path);
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
