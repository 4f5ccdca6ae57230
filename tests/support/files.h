/*
 * files.h - a temporary folder for the files of one test.
 */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <stddef.h>

/* Makes an empty folder, and removes it with all in it. One at a time. */
const char *temp_begin(void);
void temp_end(void);

/* Path of a file or folder in it; each call reuses the oldest of four buffers. */
const char *temp_path(const char *name);

/* Writes a file there and returns its path; or makes a folder there. */
const char *temp_write(const char *name, const void *bytes, size_t size);
const char *temp_folder(const char *name);

/* Reads a whole file there; free it with free(). */
unsigned char *temp_read(const char *name, size_t *size);

/* Number of entries in a folder, so that no temporary file is overlooked. */
int folder_entries(const char *path);

/* The number that the next file to be opened gets: the same again if all were closed. */
int next_descriptor(void);

/* Between the two, no file of this process can grow beyond so many bytes. */
void disk_full_begin(size_t bytes);
void disk_full_end(void);

#endif
