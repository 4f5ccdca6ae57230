/*
 * input.h - files of rows and labels in memory: all of one, or a seeded sample where
 * there are more rows than wanted.
 *
 * Every value is checked; an error is one line that names file, row, column and value,
 * and the result a status.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <pflow.h>

typedef struct input {
  const char *path, *labels_path; /* borrowed */
  float *x;                       /* n x dim */
  size_t n, dim;
  size_t of;       /* rows of the file, >= n */
  size_t *chosen;  /* which of them, rising; NULL: all */
  int32_t *labels; /* n, or NULL */
  size_t classes;  /* the largest label + 1; 0 without labels */
} input;

/* Reads at most max_rows rows (0: all). On error nothing is left to free. */
int input_load(input *self, const char *path, size_t max_rows, uint64_t seed);

/* Reads the rows of a file that go with those of another, one by one. */
int input_load_like(input *self, const char *path, const input *other);

/* Labels of these rows; the file must have one for each row of the rows' file. */
int input_load_labels(input *self, const char *path);

/*
 * Numbers the labels of one input, or of two together (other may be NULL), 0, 1, 2 ... in
 * their order, so that arrays over all classes stay small; classes of both is set. Rows
 * of other whose labels self has not are noted; it is an error if all are such.
 */
int input_number_labels(input *self, input *other);

/* Rows of an input, with their labels, as an input of its own; chosen borrowed. */
int input_pick(input *self, const input *from, const size_t *chosen, size_t n);

/* The two must have as many columns. */
int input_check_dim(const input *self, const input *other);

/* As arguments of the library's calls. */
pflow_features input_features(const input *self);
pflow_labelled input_labelled(const input *self);

void input_free(input *self);

/* n distinct numbers below `of`, rising, drawn from the seed; n <= of. */
void input_choose(size_t *chosen, size_t n, size_t of, uint64_t seed);

#endif
