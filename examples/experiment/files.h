/*
 * files.h - JSON files, whole or not at all. All calls end the program on failure, naming
 * the file.
 */
#ifndef EXPERIMENT_FILES_H
#define EXPERIMENT_FILES_H

#include <jansson.h>

enum { path_size = 2048 };

/* "FOLDER/NAME" */
void path_in(const char *folder, const char *name, char path[path_size]);

/* One folder; that it is there already is no failure. */
void make_folder(const char *path);

json_t *json_read(const char *path);

/* Lets go of the object. */
void json_write(json_t *object, const char *path);

#endif
