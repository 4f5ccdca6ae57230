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

/* status_misused, having said so, unless the path of --out ends in one of the two; there
 * may be one only (NULL). */
int output_ends_in(const char *path, const char *ending, const char *or_ending);

/* output_check for a file of rows, whose name has to end in .npy or .fvecs: else
 * status_misused. */
int output_check_rows(const char *path);

/* status_misused, having said so, if an option's file, which will be written, is that of
 * another option (NULL: not given), by whatever name. */
int output_apart(const char *option, const char *path, const char *other_option,
                 const char *other);

#endif
