/*
 * pflow/rows.h - files of float32 rows that are read and written block by block, so that
 * they may be larger than memory; and files of labels.
 *
 *   pflow_rows *in;
 *   pflow_rows_writer *out;
 *   TRY(pflow_rows_open(&in, "X.npy"));
 *   size_t n = pflow_rows_count(in), dim = pflow_rows_dim(in);
 *   TRY(pflow_rows_create(&out, "Y.fvecs", n, dim));
 *   for (size_t i = 0, m; i < n; i += m) {
 *     m = n - i < block ? n - i : block;
 *     TRY(pflow_rows_read_finite(in, i, m, x));
 *     TRY(pflow_rows_append(out, x, m));
 *   }
 *   TRY(pflow_rows_commit(out));
 *   pflow_rows_close(in);
 *
 * The extension, in small letters, tells the format (docs/formats.md):
 *   .npy    rows: 2 dimensions, C order, little-endian float16, float32 or float64
 *           labels: 1 dimension, little-endian integers of 1 to 8 bytes
 *   .fvecs  rows: each an int32 count and so many float32, little-endian
 *   .ivecs  labels: the same with int32, one value a row
 * Others are PFLOW_EUNSUPPORTED. Rows are counted from 0. Files are as hostile, and
 * errors are, as in pflow/data.h; every sentence begins with the file's path.
 */
#ifndef PFLOW_ROWS_H
#define PFLOW_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "pflow/error.h"

PFLOW_BEGIN_DECLS

/* ---- reading ---- */

/* An open file of n > 0 rows of dim > 0 values. Const after opening. */
typedef struct pflow_rows pflow_rows;

/*
 * Opens a file of rows. Its size must be what its header says; nothing else is read. An
 * array of 1 dimension is refused, as it may mean one row or one column.
 */
PFLOW_API pflow_err pflow_rows_open(pflow_rows **rows, const char *path);
PFLOW_API void pflow_rows_close(pflow_rows *rows);

/*
 * Number of rows, values of a row, the path as it was given, and the type of the file's
 * values by NumPy's name ("float16", static); 0 or NULL for NULL.
 */
PFLOW_API size_t pflow_rows_count(const pflow_rows *rows);
PFLOW_API size_t pflow_rows_dim(const pflow_rows *rows);
PFLOW_API const char *pflow_rows_path(const pflow_rows *rows);
PFLOW_API const char *pflow_rows_type(const pflow_rows *rows);

/*
 * Rows begin <= i < begin + n into x (n x dim). float64 is rounded to float32, beyond its
 * range to infinity. NaN and infinity are values like others here; read_finite refuses
 * them with PFLOW_ENONFINITE: "X.npy: row 17, column 3 is nan", the row being the file's;
 * of float64 "is inf as float32".
 *
 * The file is read by its descriptor and not mapped: what is resident is x and some KiB
 * of stack, whatever the size of the file, and a file that is cut while it is open gives
 * PFLOW_ETRUNCATED instead of a signal. A file that was replaced goes on giving its old
 * rows. Allocates nothing; thread-safe.
 * Errors: PFLOW_EINVAL for n 0 or a range past the last row; PFLOW_EFORMAT for a row of
 * .fvecs whose count is not dim, naming both; PFLOW_EIO. x may be written in part.
 */
PFLOW_API pflow_err pflow_rows_read(const pflow_rows *rows, size_t begin, size_t n,
                                    float *x);
PFLOW_API pflow_err pflow_rows_read_finite(const pflow_rows *rows, size_t begin, size_t n,
                                           float *x);

/*
 * All rows of a file in a new block of n x dim; free with pflow_free. On error *x is NULL
 * and n and dim are 0. PFLOW_ETOOLARGE beyond pflow_file_limit().
 */
PFLOW_API pflow_err pflow_rows_load(float **x, size_t *n, size_t *dim, const char *path);

/* ---- writing ---- */

/* A file of rows in the making, under a temporary name beside its path. */
typedef struct pflow_rows_writer pflow_rows_writer;

/*
 * Begins a file of exactly n > 0 rows of dim > 0 values: .npy (float32) or .fvecs. What
 * is at path stays as it is until commit, and a file open for reading even then, so a
 * file may be replaced by what is made of it.
 * Errors: PFLOW_EINVAL, PFLOW_EOVERFLOW (also for a dim that .fvecs cannot hold),
 * PFLOW_EUNSUPPORTED, PFLOW_EIO (also for a path that is no regular file), PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_rows_create(pflow_rows_writer **writer, const char *path,
                                      size_t n, size_t dim);

/*
 * Adds the next n rows (x: n x dim; n may be 0). Allocates nothing.
 * Errors: PFLOW_EINVAL when there would be more rows than announced, none of them being
 * written; PFLOW_EIO, after which only discard is of use.
 */
PFLOW_API pflow_err pflow_rows_append(pflow_rows_writer *writer, const float *x,
                                      size_t n);

/*
 * Puts the file in its place, whole and synced, as pflow_file_write does, and destroys
 * the writer, whatever is returned. On error what was at path stays.
 * Errors: PFLOW_ESTATE naming the numbers when rows are missing, or after an append
 * that failed; PFLOW_EIO.
 */
PFLOW_API pflow_err pflow_rows_commit(pflow_rows_writer *writer);

/* Destroys a writer that is not to be committed, and removes its temporary file. */
PFLOW_API void pflow_rows_discard(pflow_rows_writer *writer);

/* ---- labels ---- */

/*
 * Reads n > 0 labels (.npy or .ivecs) into a new block; free with pflow_free. On error
 * *labels is NULL and n is 0. PFLOW_ELABEL for a value that is negative or above
 * INT32_MAX, PFLOW_EUNSUPPORTED for rows of .ivecs with more than one value.
 */
PFLOW_API pflow_err pflow_labels_load(int32_t **labels, size_t *n, const char *path);

/*
 * The type of a file's labels by NumPy's name ("uint8", static), from its head alone. On
 * error, as of pflow_labels_load for the head, *type is NULL.
 */
PFLOW_API pflow_err pflow_labels_type(const char **type, const char *path);

/* Writes n > 0 labels, whole or not at all: .npy (int32) or .ivecs. */
PFLOW_API pflow_err pflow_labels_save(const char *path, const int32_t *labels, size_t n);

PFLOW_END_DECLS

#endif
