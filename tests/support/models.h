/*
 * models.h - networks of built-in layers, and a little training, for the tests of files.
 */
#ifndef TESTS_MODELS_H
#define TESTS_MODELS_H

#include "pflow.h"

/* Every built-in kind of layer, odd settings, 2 x 8 x 9 images to 5 features. */
pflow_net *model_of_all_kinds(uint64_t seed);

/* linear 4, ReLU, linear. */
pflow_net *model_mlp(size_t in, size_t out, uint64_t seed);

/*
 * Steps first <= step < end of a training whose data depend on the step only. optim NULL:
 * the gradient is taken as it is; ema may be NULL.
 */
void model_train(pflow_net *net, pflow_optim *optim, pflow_ema *ema, size_t first,
                 size_t end);

/* Predictions of n rows, all in one go. */
void model_predict(const pflow_net *net, const float *x, size_t n, float *y);

/* Fails the test unless parameters and running statistics have the same bits. */
void check_same_values(pflow_net *a, pflow_net *b);

#endif
