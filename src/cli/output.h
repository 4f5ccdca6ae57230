/*
 * output.h - a look at the place of a result before the work for it begins.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

/*
 * status_failed, having said why, if no file can be put at path: its folder is missing or
 * not writable, or something else than a regular file is there.
 */
int output_check(const char *path);

#endif
