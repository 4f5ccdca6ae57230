/*
 * golden.h - reference vectors and comparisons for the tests.
 *
 * The .npy reader here is the tests' own (not the library's), so that it can bear
 * witness.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <stddef.h>
#include <stdint.h>

/* An array of tests/golden, converted to every type a test may want. */
typedef struct golden {
  size_t ndim, shape[4], size;
  double *f64;
  float *f32;
  int32_t *i32;
} golden;

/* Loads "<folder>/<name>.npy" below tests/golden; ends the test when it cannot. */
golden golden_load(const char *folder, const char *name);
void golden_free(golden *array);

/* The path of that file. */
void golden_path(char path[512], const char *folder, const char *name);

/*
 * Fails the test unless max |got - want| <= tolerance * max |want| (the scale is at least
 * 1e-30), naming the array and the worst place. Returns the error found.
 */
double check_close(const char *what, const float *got, const golden *want,
                   double tolerance);
double check_close_f64(const char *what, const double *got, const double *want, size_t n,
                       double tolerance);

#endif
