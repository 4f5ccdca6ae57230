#include "support/denoising.h"

#include <math.h>
#include <stdlib.h>

#include "support/suite.h"

enum { answered = 50 };

const float *denoising_data(void) {
  static float x[denoising_rows * denoising_dim];
  pflow_rng rng;
  if (x[0] != 0.0f) return x;
  pflow_rng_init(&rng, 21, 0);
  pflow_rng_normal(&rng, x, denoising_rows * denoising_dim, 0.0, 0.2);
  for (size_t i = 0; i < denoising_rows; i++)
    x[i * denoising_dim + i % 3] += 1.0f;
  return x;
}

pflow_denoiser_config denoising_config(size_t steps) {
  pflow_denoiser_config config;
  pflow_denoiser_config_init(&config);
  config.aug_dim = 6.0;
  config.r_min = 0.1 * sqrt(config.aug_dim);
  config.r_max = 100.0 * config.r_min;
  config.width = 16;
  config.layers = 2;
  config.steps = steps;
  config.batch = 32;
  config.seed = 5;
  return config;
}

pflow_denoiser *denoising_fitted(const pflow_denoiser_config *config) {
  pflow_denoiser *denoiser;
  ck_ok(pflow_denoiser_create(&denoiser, denoising_dim, config));
  ck_ok(pflow_denoiser_fit(denoiser, denoising_data(), denoising_rows, NULL));
  return denoiser;
}

float *denoising_answers(const pflow_denoiser *denoiser) {
  float *xhat = malloc(answered * denoising_dim * sizeof *xhat);
  double r[answered];
  pflow_denoiser_work *work;
  for (size_t i = 0; i < answered; i++)
    r[i] = 0.2 + 0.1 * (double)i;
  ck_ok(pflow_denoiser_work_create(&work, denoiser, answered));
  ck_ok(pflow_denoiser_mean(denoiser, work, denoising_data(), r, answered, xhat));
  pflow_denoiser_work_destroy(work);
  return xhat;
}

void check_same_answers(const pflow_denoiser *a, const pflow_denoiser *b) {
  float *of_a = denoising_answers(a), *of_b = denoising_answers(b);
  ck_assert_mem_eq(of_a, of_b, answered * denoising_dim * sizeof *of_a);
  free(of_a);
  free(of_b);
}
