/*
 * denoising.h - small data and a small network for the tests of the learned field.
 */
#ifndef TESTS_DENOISING_H
#define TESTS_DENOISING_H

#include "pflow.h"

enum { denoising_rows = 400, denoising_dim = 3 };

/* Normal rows in three clusters, denoising_rows x denoising_dim. */
const float *denoising_data(void);

/* Two hidden layers of 16, D = 6, widths 0.1 to 10, batches of 32. */
pflow_denoiser_config denoising_config(size_t steps);

/* A denoiser fitted to that data so. */
pflow_denoiser *denoising_fitted(const pflow_denoiser_config *config);

/* What it says of the data's first rows at heights 0.2, 0.3, ..., to be freed. */
float *denoising_answers(const pflow_denoiser *denoiser);

/* Fails the test unless both say the same, bit for bit. */
void check_same_answers(const pflow_denoiser *a, const pflow_denoiser *b);

#endif
