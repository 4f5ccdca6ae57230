/*
 * info_rows.c - pflow info on files of rows and of labels.
 */
#include <stdio.h>
#include <string.h>

#include "cli/json_out.h"
#include "cli/say.h"
#include "info.h"

static int tell_rows(const char *path, const pflow_rows *rows, bool json) {
  const size_t n = pflow_rows_count(rows), dim = pflow_rows_dim(rows);
  const char *type = pflow_rows_type(rows);
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
  const char *type;
  try_library(pflow_labels_type(&type, path));
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

/* Of an array that is neither, the sentence on rows tells more. */
int info_npy(const char *path, bool json) {
  char sentence[512];
  pflow_rows *rows;
  int32_t *labels;
  size_t n;
  const pflow_err of_rows = pflow_rows_open(&rows, path);
  if (of_rows == PFLOW_OK) {
    const int status = tell_rows(path, rows, json);
    pflow_rows_close(rows);
    return status;
  }
  if (of_rows != PFLOW_EUNSUPPORTED) return say_result(of_rows);
  snprintf(sentence, sizeof sentence, "%s", pflow_errmsg());
  const pflow_err of_labels = pflow_labels_load(&labels, &n, path);
  if (of_labels == PFLOW_EUNSUPPORTED) return say_failed("%s", sentence);
  if (of_labels < 0) return say_result(of_labels);
  const int status = tell_labels(path, labels, n, json);
  pflow_free(labels);
  return status;
}
