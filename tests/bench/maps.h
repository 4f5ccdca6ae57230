/*
 * maps.h - what the jobs on uniformity maps share: rows of a file, and how far rows that
 * were mapped are from where they should be.
 */
#ifndef BENCH_MAPS_H
#define BENCH_MAPS_H

#include <stddef.h>

/* n x dim float32 rows. */
typedef struct rows {
  float *x;
  size_t n, dim;
} rows;

/* The rows of a .npy file. */
rows rows_load(const char *path);
void rows_free(rows *self);

/* Saves n x dim values as a .npy file. */
void rows_save(const char *path, const float *x, size_t n, size_t dim);

/*
 * Says on standard error by how much rows y of dim values differ from those of the file
 * `ends`, which are where the first ones should be: "error RMS (largest MOST)", both of
 * the distances. "-": nothing is known.
 */
void rows_compare(const char *ends, const float *y, size_t n, size_t dim);

#endif
