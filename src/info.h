/*
 * info.h - what pflow info finds in files that hold no map.
 */
#ifndef PFLOW_INFO_COMMAND_H
#define PFLOW_INFO_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

/* Say what a file is, as text or JSON; from its header where it has one. Each returns a
 * status. */
int info_npy(const char *path, bool json);
int info_rows(const char *path, bool json);
int info_labels(const char *path, bool json);

/* The header of a safetensors file, a new object; NULL after saying why not. */
json_t *info_read_header(const char *path);
/* Takes the metadata out of the header. */
int info_safetensors(const char *path, json_t *header, bool json);

#endif
