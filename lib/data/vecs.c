/*
 * vecs.c - rows of .fvecs and .ivecs, a piece of the file at a time. A file is seen as
 * words of 4 bytes: word 0 of each dim + 1 is the row's count.
 */
#include "data/vecs.h"

#include <string.h>

enum { word = 4, piece = 4096 /* words */ };

pflow_err pf_vecs_examine(const pf_reader *file, size_t *n, size_t *dim) {
  int32_t count;
  if (file->size == 0) return pf_fail(PFLOW_ETRUNCATED, "%s: an empty file", file->path);
  pf_try(pf_reader_take(file, 0, &count, sizeof count));
  if (count < 1)
    return pf_fail(PFLOW_EFORMAT, "%s: row 0 has %d values, wants 1 at least", file->path,
                   count);
  size_t bytes = ((size_t)count + 1) * word;
  if (file->size % bytes != 0)
    return pf_fail(PFLOW_ETRUNCATED, "%s: %zu bytes, wants a multiple of %zu (%d values)",
                   file->path, file->size, bytes, count);
  *n = file->size / bytes;
  *dim = (size_t)count;
  return PFLOW_OK;
}

/* Words from `column` of a row on that are of one sort, at most `left`. */
static size_t run_length(size_t column, size_t dim, size_t left) {
  size_t run = column == 0 ? 1 : dim + 1 - column;
  return run < left ? run : left;
}

/* Splits m words, the first of them number `index` of the file, and moves on in `to`. */
static pflow_err unpack(const pf_reader *file, size_t dim, size_t index,
                        const int32_t *words, size_t m, char **to) {
  size_t run;
  for (size_t i = 0; i < m; i += run) {
    size_t column = (index + i) % (dim + 1);
    run = run_length(column, dim, m - i);
    if (column > 0) {
      memcpy(*to, words + i, run * word);
      *to += run * word;
    } else if ((size_t)words[i] != dim) {
      return pf_fail(PFLOW_EFORMAT, "%s: row %zu has %d values, row 0 has %zu",
                     file->path, (index + i) / (dim + 1), words[i], dim);
    }
  }
  return PFLOW_OK;
}

pflow_err pf_vecs_read(const pf_reader *file, size_t dim, size_t begin, size_t n,
                       void *values) {
  int32_t words[piece];
  char *to = values;
  size_t m, end = (begin + n) * (dim + 1);
  for (size_t i = begin * (dim + 1); i < end; i += m) {
    m = end - i < piece ? end - i : piece;
    pf_try(pf_reader_take(file, i * word, words, m * word));
    pf_try(unpack(file, dim, i, words, m, &to));
  }
  return PFLOW_OK;
}

pflow_err pf_vecs_check(const char *path, size_t dim) {
  if (dim <= INT32_MAX) return PFLOW_OK;
  return pf_fail(PFLOW_EOVERFLOW, "%s: rows of %zu values, at most %d", path, dim,
                 INT32_MAX);
}

/* Makes m words, the first of them number `index`, and moves on in `from`. */
static void pack(int32_t *words, size_t m, size_t index, size_t dim, const char **from) {
  size_t run;
  for (size_t i = 0; i < m; i += run) {
    size_t column = (index + i) % (dim + 1);
    run = run_length(column, dim, m - i);
    if (column > 0) {
      memcpy(words + i, *from, run * word);
      *from += run * word;
    } else {
      words[i] = (int32_t)dim;
    }
  }
}

pflow_err pf_vecs_put(pf_writer *writer, const void *values, size_t n, size_t dim) {
  int32_t words[piece];
  const char *from = values;
  size_t m, end = n * (dim + 1);
  for (size_t i = 0; i < end; i += m) {
    m = end - i < piece ? end - i : piece;
    pack(words, m, i, dim, &from);
    pf_try(pf_writer_put(writer, words, m * word));
  }
  return PFLOW_OK;
}
