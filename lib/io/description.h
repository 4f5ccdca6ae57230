/*
 * description.h - descriptions of objects in an archive: JSON texts that begin with a
 * format name and a version, stored as "<prefix><format>".
 */
#ifndef LIBPFLOW_DESCRIPTION_H
#define LIBPFLOW_DESCRIPTION_H

#include <jansson.h>

#include "io/archive.h"

/*
 * Parses a JSON text without repeated keys; free it with json_decref. PFLOW_EFORMAT with
 * source, what and the place, or PFLOW_ENOMEM.
 */
pflow_err pf_json_parse(json_t **json, const char *text, size_t length,
                        const char *source, const char *what);

/*
 * Stores {"format": format, "version": 1, ...members of document}. The document becomes
 * the call's own; NULL is taken for one that found no memory.
 */
pflow_err pf_describe(pflow_archive *archive, const char *prefix, const char *format,
                      json_t *document);

/*
 * The description stored under that name, to be freed with json_decref. PFLOW_EFORMAT
 * when it is not a JSON object of that format, PFLOW_EUNSUPPORTED for a later version.
 */
pflow_err pf_described(json_t **document, const pflow_archive *archive,
                       const char *prefix, const char *format);

/* A whole number >= 0 as an integer, any other as a real; NULL for NaN and infinity. */
json_t *pf_json_number(double value);

/*
 * Members of a description; PFLOW_EFORMAT naming source and key unless there is a number
 * of that kind (a size is >= 0).
 */
pflow_err pf_json_size(size_t *value, const json_t *object, const char *key,
                       const char *source);
pflow_err pf_json_double(double *value, const json_t *object, const char *key,
                         const char *source);

/*
 * An error met while following a description: PFLOW_EFORMAT with the source in front of
 * the sentence, except for PFLOW_ENOMEM and PFLOW_EUNSUPPORTED, which keep their code.
 */
pflow_err pf_blame_file(pflow_err rc, const char *source);

#endif
