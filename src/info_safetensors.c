/*
 * info_safetensors.c - pflow info on safetensors files that hold no map: names, types and
 * shapes from the header alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <pflow.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/json_out.h"
#include "cli/say.h"
#include "info.h"
#include "io/json_load.h"

enum { most_shown = 40, length_bytes = 8 };

/* ---- the header ---- */

static uint64_t read_length(const unsigned char *bytes) {
  uint64_t length = 0;
  for (size_t i = 0; i < length_bytes; i++)
    length |= (uint64_t)bytes[i] << (8 * i);
  return length;
}

/* Every tensor is an object with dtype and shape. */
static bool is_header(json_t *header) {
  const char *name;
  json_t *value;
  if (!json_is_object(header)) return false;
  json_object_foreach(header, name, value) {
    if (strcmp(name, "__metadata__") == 0) {
      if (!json_is_object(value)) return false;
    } else if (!json_is_string(json_object_get(value, "dtype")) ||
               !json_is_array(json_object_get(value, "shape"))) {
      return false;
    }
  }
  return true;
}

static json_t *parse_header(const char *path, const char *text, size_t length) {
  json_error_t error;
  json_t *header = pf_json_load(text, length, &error);
  if (is_header(header)) return header;
  if (!header && !*error.text) {
    say_failed("%s: no memory for a header of %zu bytes", path, length);
    return NULL;
  }
  json_decref(header);
  say_failed(
      "%s: no file that pflow knows, or only part of one: .npy or .fvecs (rows), .npy or "
      ".ivecs (labels), safetensors (maps and others)",
      path);
  return NULL;
}

static json_t *read_header(const char *path, FILE *file) {
  unsigned char bytes[length_bytes];
  struct stat size;
  if (fstat(fileno(file), &size) != 0 || !S_ISREG(size.st_mode)) {
    say_failed("%s: no regular file", path);
    return NULL;
  }
  if (fread(bytes, 1, sizeof bytes, file) != sizeof bytes)
    return parse_header(path, "", 0);
  const uint64_t length = read_length(bytes);
  if (length > PFLOW_ARCHIVE_MAX_HEADER || length + sizeof bytes > (uint64_t)size.st_size)
    return parse_header(path, "", 0);
  char *text = say_alloc((size_t)length, 1);
  if (!text) return NULL;
  const size_t got = fread(text, 1, (size_t)length, file);
  json_t *header = parse_header(path, text, got);
  pflow_free(text);
  return header;
}

json_t *info_read_header(const char *path) {
  /* A pipe would wait for its writer here. */
  const int opened = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  FILE *file = opened < 0 ? NULL : fdopen(opened, "rb");
  if (!file) {
    say_failed("%s: cannot open: %s", path, strerror(errno));
    if (opened >= 0) close(opened);
    return NULL;
  }
  json_t *header = read_header(path, file);
  fclose(file);
  return header;
}

/* ---- telling ---- */

/* Words of the file, which may say anything, cut at `size`. */
static const char *plain(char *text, size_t size, const char *words) {
  if (strlen(words) < size)
    snprintf(text, size, "%s", words);
  else
    snprintf(text, size, "%.*s...", (int)size - 4, words);
  say_plain(text);
  return text;
}

static void print_tensor(const char *name, const json_t *tensor) {
  char first[256], second[64];
  const json_t *shape = json_object_get(tensor, "shape");
  const char *type = json_string_value(json_object_get(tensor, "dtype"));
  printf("  %-32s %s", plain(first, sizeof first, name),
         plain(second, sizeof second, type));
  for (size_t i = 0; i < json_array_size(shape); i++)
    printf("%s%lld", i ? " x " : "  ",
           (long long)json_integer_value(json_array_get(shape, i)));
  putchar('\n');
}

static void print_tensors(json_t *tensors) {
  const char *name;
  json_t *value;
  size_t shown = 0;
  json_object_foreach(tensors, name, value) {
    if (shown++ < most_shown) print_tensor(name, value);
  }
  if (shown > most_shown) printf("  ... and %zu more\n", shown - most_shown);
}

static void print_metadata(json_t *metadata) {
  const char *name;
  json_t *value;
  size_t shown = 0;
  json_object_foreach(metadata, name, value) {
    char first[256], second[64];
    const char *text = json_string_value(value);
    if (text && shown++ < most_shown)
      printf("  %-32s \"%s\"\n", plain(first, sizeof first, name),
             plain(second, sizeof second, text));
  }
}

static void print_header(const char *path, bool of_fit, json_t *tensors,
                         json_t *metadata) {
  const size_t count = json_object_size(tensors);
  printf("%s: %s, %zu tensor%s\n", path,
         of_fit ? "the checkpoint of a fit" : "safetensors", count, plural(count));
  print_tensors(tensors);
  print_metadata(metadata);
}

static json_t *header_json(const char *path, bool of_fit, json_t *tensors,
                           json_t *metadata) {
  json_t *object = json_out_object();
  put_text(object, "file", path);
  put_text(object, "kind", of_fit ? "checkpoint" : "safetensors");
  put_json(object, "metadata", metadata ? json_incref(metadata) : json_object());
  put_json(object, "tensors", json_incref(tensors));
  return object;
}

int info_safetensors(const char *path, json_t *header, bool json) {
  json_t *metadata = json_incref(json_object_get(header, "__metadata__"));
  const bool of_fit = json_object_get(metadata, "pflow.map.checkpoint") != NULL;
  json_object_del(header, "__metadata__");
  int status;
  if (json) {
    status = json_out_print(header_json(path, of_fit, header, metadata));
  } else {
    print_header(path, of_fit, header, metadata);
    status = say_flush();
  }
  json_decref(metadata);
  return status;
}
