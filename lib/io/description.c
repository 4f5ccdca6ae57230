/*
 * description.c - descriptions of objects as JSON texts.
 *
 * Numbers go through jansson both ways: it writes 17 digits, which give the same double
 * back, and a point whatever the locale's is.
 */
#include "io/description.h"

#include <math.h>
#include <string.h>

#include "io/json_load.h"

static const json_int_t newest_version = 1;

pflow_err pf_json_parse(json_t **json, const char *text, size_t length,
                        const char *source, const char *what) {
  json_error_t error;
  *json = pf_json_load(text, length, &error);
  if (*json) return PFLOW_OK;
  if (!*error.text)
    return pf_fail(PFLOW_ENOMEM, "%s: no memory for %s of %zu bytes", source, what,
                   length);
  return pf_fail(PFLOW_EFORMAT, "%s: %s, byte %d: %s", source, what, error.position,
                 error.text);
}

static pflow_err put_json(pflow_archive *archive, const char *key, const json_t *json) {
  size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT);
  if (size == 0) return pf_fail(PFLOW_ENOMEM, "no memory for text '%s'", key);
  char *text;
  pf_try(pf_alloc(&text, size + 1, 1));
  /* Each pass asks for memory of its own. */
  pflow_err rc = json_dumpb(json, text, size, JSON_COMPACT) == size
                     ? pflow_archive_put_text(archive, key, text)
                     : pf_fail(PFLOW_ENOMEM, "no memory for text '%s'", key);
  pflow_free(text);
  return rc;
}

pflow_err pf_describe(pflow_archive *archive, const char *prefix, const char *format,
                      json_t *document) {
  char key[pf_name_max + 1];
  json_t *head = json_pack("{s:s, s:I}", "format", format, "version", newest_version);
  pflow_err rc = pf_join(key, prefix, format);
  if (rc >= 0 && (!document || json_object_update(head, document)))
    rc = pf_fail(PFLOW_ENOMEM, "no memory for text '%s'", key);
  if (rc >= 0) rc = put_json(archive, key, head);
  json_decref(head);
  json_decref(document);
  return rc;
}

static pflow_err check_format(const json_t *document, const char *format, const char *key,
                              const char *source) {
  const char *name = json_string_value(json_object_get(document, "format"));
  const json_t *version = json_object_get(document, "version");
  if (!name || strcmp(name, format) != 0)
    return pf_fail(PFLOW_EFORMAT, "%s: text '%s' is of format '%s', wants '%s'", source,
                   key, name ? name : "", format);
  if (!json_is_integer(version) || json_integer_value(version) < 1)
    return pf_fail(PFLOW_EFORMAT, "%s: text '%s' has no version", source, key);
  if (json_integer_value(version) > newest_version)
    return pf_fail(PFLOW_EUNSUPPORTED,
                   "%s: text '%s' is of version %" JSON_INTEGER_FORMAT
                   ", at most %" JSON_INTEGER_FORMAT " is read",
                   source, key, json_integer_value(version), newest_version);
  return PFLOW_OK;
}

pflow_err pf_described(json_t **document, const pflow_archive *archive,
                       const char *prefix, const char *format) {
  char key[pf_name_max + 1];
  const char *text;
  pf_try(pf_join(key, prefix, format));
  pf_try(pflow_archive_get_text(archive, key, &text));
  pf_try(pf_json_parse(document, text, strlen(text), archive->source, key));
  pflow_err rc = check_format(*document, format, key, archive->source);
  if (rc < 0) json_decref(*document);
  return rc;
}

json_t *pf_json_number(double value) {
  if (fabs(value) < 0x1p53 && value == floor(value) && !signbit(value))
    return json_integer((json_int_t)value);
  return json_real(value);
}

pflow_err pf_json_size(size_t *value, const json_t *object, const char *key,
                       const char *source) {
  const json_t *number = json_object_get(object, key);
  if (!json_is_integer(number) || json_integer_value(number) < 0)
    return pf_fail(PFLOW_EFORMAT, "%s: '%s' is not a number >= 0", source, key);
  *value = (size_t)json_integer_value(number);
  return PFLOW_OK;
}

pflow_err pf_json_double(double *value, const json_t *object, const char *key,
                         const char *source) {
  const json_t *number = json_object_get(object, key);
  if (!json_is_number(number))
    return pf_fail(PFLOW_EFORMAT, "%s: '%s' is not a number", source, key);
  *value = json_number_value(number);
  return PFLOW_OK;
}

pflow_err pf_blame_file(pflow_err rc, const char *source) {
  if (rc >= 0) return rc;
  char sentence[pf_message_size];
  pf_message_get(sentence);
  bool keeps_code = rc == PFLOW_ENOMEM || rc == PFLOW_EUNSUPPORTED;
  return pf_fail(keeps_code ? rc : PFLOW_EFORMAT, "%s: %s", source, sentence);
}
