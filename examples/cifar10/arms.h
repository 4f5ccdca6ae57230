/*
 * arms.h - the rows of the table: the post's two and the controls beside them.
 */
#ifndef CIFAR10_ARMS_H
#define CIFAR10_ARMS_H

#include "features.h"
#include "flow.h"
#include "options.h"

/* One row of the table. */
typedef struct arm {
  const char *name;
  int from_post;      /* one of the post's two rows, not a control */
  double train, test; /* accuracies in [0, 1] */
  double uniformity;  /* of the test rows, normalised */
  int refitted;       /* 1: by logistic regression, with what follows */
  int converged;      /* 0: --probe-iters was reached first */
  size_t iterations;
} arm;

#define MAX_ARMS 16

typedef struct arm_table {
  arm arm[MAX_ARMS];
  size_t count;
  double ideal; /* uniformity of the uniform distribution */
  flow_report train_flow, test_flow, untrained_flow;
  feature_set raw, flowed;
} arm_table;

/*
 * Measures all arms on the raw features, whose rows the table takes over. The feature
 * sets stay for the pictures.
 */
void arms_measure(arm_table *self, encoder *enc, const feature_set *raw,
                  const flow_field *field, const dataset *data, const options *opts);
void arms_destroy(arm_table *self);

#endif
