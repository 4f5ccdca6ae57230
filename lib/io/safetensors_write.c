/*
 * safetensors_write.c - an archive as a safetensors file: tensors in the order they were
 * put, without gaps, behind a header padded to 8 bytes.
 */
#include <jansson.h>
#include <string.h>

#include "base/writer.h"
#include "io/archive.h"

/* {"dtype":"F32","shape":[...],"data_offsets":[begin,end]}, or NULL without memory. */
static json_t *tensor_entry(const pflow_tensor *tensor, size_t begin) {
  size_t end = begin + pflow_tensor_size(tensor) * sizeof(float);
  json_t *shape = json_array();
  for (size_t i = 0; i < pflow_tensor_ndim(tensor); i++)
    if (json_array_append_new(shape,
                              json_integer((json_int_t)pflow_tensor_dim(tensor, i)))) {
      json_decref(shape);
      return NULL;
    }
  return json_pack("{s:s, s:o, s:[I,I]}", "dtype", "F32", "shape", shape, "data_offsets",
                   (json_int_t)begin, (json_int_t)end);
}

static int add_texts(json_t *root, const pf_items *texts) {
  if (texts->count == 0) return 0;
  json_t *map = json_object();
  int failed = json_object_set_new(root, "__metadata__", map);
  for (size_t i = 0; i < texts->count && !failed; i++)
    failed =
        json_object_set_new(map, texts->item[i].name, json_string(texts->item[i].text));
  return failed;
}

static int add_tensors(json_t *root, const pf_items *tensors) {
  int failed = 0;
  size_t begin = 0;
  for (size_t i = 0; i < tensors->count && !failed; i++) {
    const pf_item *item = &tensors->item[i];
    failed = json_object_set_new(root, item->name, tensor_entry(item->tensor, begin));
    begin += pflow_tensor_size(item->tensor) * sizeof(float);
  }
  return failed;
}

/* The length in front (little-endian), the text of root, and spaces up to 8 bytes. */
static pflow_err header_bytes(char **bytes, size_t *size, const json_t *root,
                              size_t value_bytes) {
  size_t length = json_dumpb(root, NULL, 0, JSON_COMPACT);
  size_t padded = (length + 7) / 8 * 8;
  if (length == 0) return pf_fail(PFLOW_ENOMEM, "no memory for a header's text");
  if (padded > PFLOW_ARCHIVE_MAX_HEADER)
    return pf_fail(PFLOW_ETOOLARGE, "a header of %zu bytes, at most %zu", padded,
                   PFLOW_ARCHIVE_MAX_HEADER);
  if (value_bytes > PFLOW_ARCHIVE_MAX_BYTES - 8 - padded)
    return pf_fail(PFLOW_ETOOLARGE, "%zu bytes of values and %zu of header, at most %zu",
                   value_bytes, padded, PFLOW_ARCHIVE_MAX_BYTES);
  pf_try(pf_alloc(bytes, padded + 8, 1));
  memset(*bytes + 8, ' ', padded);
  for (size_t i = 0; i < 8; i++)
    (*bytes)[i] = (char)(unsigned char)((uint64_t)padded >> 8 * i);
  *size = padded + 8;
  if (json_dumpb(root, *bytes + 8, length, JSON_COMPACT) == length) return PFLOW_OK;
  pflow_free(*bytes); /* each pass asks for memory of its own */
  *bytes = NULL;
  return pf_fail(PFLOW_ENOMEM, "no memory for a header's text");
}

static pflow_err make_header(char **bytes, size_t *size, const pflow_archive *archive) {
  json_t *root = json_object();
  pflow_err rc;
  if (!root || add_texts(root, &archive->texts) || add_tensors(root, &archive->tensors))
    rc = pf_fail(PFLOW_ENOMEM, "no memory for a header of %zu tensors",
                 archive->tensors.count);
  else
    rc = header_bytes(bytes, size, root, archive->value_bytes);
  json_decref(root);
  return rc;
}

static pflow_err write_tensors(pf_writer *writer, const pf_items *tensors) {
  for (size_t i = 0; i < tensors->count; i++) {
    const pflow_tensor *tensor = tensors->item[i].tensor;
    pf_try(pf_writer_put(writer, pflow_tensor_const_values(tensor),
                         pflow_tensor_size(tensor) * sizeof(float)));
  }
  return PFLOW_OK;
}

static pflow_err write_file(const pflow_archive *archive, const char *path,
                            const char *header, size_t size) {
  pf_writer writer;
  pf_try(pf_writer_open(&writer, path));
  pflow_err rc = pf_writer_put(&writer, header, size);
  if (rc >= 0) rc = write_tensors(&writer, &archive->tensors);
  return pf_writer_close(&writer, rc);
}

pflow_err pflow_archive_save(const pflow_archive *archive, const char *path) {
  pf_need(archive);
  pf_need(path);
  char *header;
  size_t size;
  pf_try(make_header(&header, &size, archive));
  pflow_err rc = write_file(archive, path, header, size);
  pflow_free(header);
  return rc;
}
