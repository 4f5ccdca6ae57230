/*
 * info_rows.c - pflow info on files of rows and of labels.
 */
#include <stdio.h>
#include <string.h>

#include "cli/json_out.h"
#include "cli/say.h"
#include "info.h"

/* The type in an .npy header, such as "<f4"; "" where there is none. */
static void read_type(const char *path, char *type, size_t size) {
  static const char key[] = "'descr': '";
  char head[256] = "";
  type[0] = 0;
  FILE *file = fopen(path, "rb");
  if (!file) return;
  const size_t got = fread(head, 1, sizeof head - 1, file);
  fclose(file);
  for (size_t i = 0; i + sizeof key <= got; i++) {
    if (memcmp(head + i, key, sizeof key - 1) != 0) continue;
    const char *word = head + i + sizeof key - 1;
    snprintf(type, size, "%.*s", (int)strcspn(word, "'"), word);
    return;
  }
}

static const char *type_name(const char *path) {
  static const char *const names[][2] = {
      {"<f2", "float16"}, {"<f4", "float32"}, {"<f8", "float64"}, {"|i1", "int8"},
      {"<i2", "int16"},   {"<i4", "int32"},   {"<i8", "int64"},   {"|u1", "uint8"},
      {"<u2", "uint16"},  {"<u4", "uint32"},  {"<u8", "uint64"}};
  char type[32];
  read_type(path, type, sizeof type);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i][0], type) == 0) return names[i][1];
  return strstr(path, ".fvecs") ? "float32" : "int32";
}

static int tell_rows(const char *path, const pflow_rows *rows, bool json) {
  const size_t n = pflow_rows_count(rows), dim = pflow_rows_dim(rows);
  const char *type = type_name(path);
  if (!json) {
    printf("%s: %zu row%s of %zu value%s, %s\n", path, n, plural(n), dim, plural(dim),
           type);
    return say_flush();
  }
  json_t *object = json_out_object();
  put_text(object, "file", path);
  put_text(object, "kind", "rows");
  put_text(object, "type", type);
  put_size(object, "rows", n);
  put_size(object, "dim", dim);
  return json_out_print(object);
}

int info_rows(const char *path, bool json) {
  pflow_rows *rows;
  try_library(pflow_rows_open(&rows, path));
  const int status = tell_rows(path, rows, json);
  pflow_rows_close(rows);
  return status;
}

/* The least and the largest label. */
static int tell_labels(const char *path, const int32_t *labels, size_t n, bool json) {
  int32_t least = labels[0], most = labels[0];
  const char *type = type_name(path);
  for (size_t i = 1; i < n; i++) {
    if (labels[i] < least) least = labels[i];
    if (labels[i] > most) most = labels[i];
  }
  if (!json) {
    printf("%s: %zu label%s from %d to %d, %s\n", path, n, plural(n), (int)least,
           (int)most, type);
    return say_flush();
  }
  json_t *object = json_out_object();
  put_text(object, "file", path);
  put_text(object, "kind", "labels");
  put_text(object, "type", type);
  put_size(object, "labels", n);
  put_size(object, "least", (size_t)least);
  put_size(object, "most", (size_t)most);
  return json_out_print(object);
}

int info_labels(const char *path, bool json) {
  int32_t *labels;
  size_t n;
  try_library(pflow_labels_load(&labels, &n, path));
  const int status = tell_labels(path, labels, n, json);
  pflow_free(labels);
  return status;
}

/* Of an array that is neither, the sentence on rows tells more, but for labels of which
 * one is none. */
int info_npy(const char *path, bool json) {
  char sentence[512];
  pflow_rows *rows;
  int32_t *labels;
  size_t n;
  if (pflow_rows_open(&rows, path) == PFLOW_OK) {
    const int status = tell_rows(path, rows, json);
    pflow_rows_close(rows);
    return status;
  }
  snprintf(sentence, sizeof sentence, "%s", pflow_errmsg());
  const pflow_err rc = pflow_labels_load(&labels, &n, path);
  if (rc == PFLOW_ELABEL) return say_result(rc);
  if (rc < 0) return say_failed("%s", sentence);
  const int status = tell_labels(path, labels, n, json);
  pflow_free(labels);
  return status;
}
