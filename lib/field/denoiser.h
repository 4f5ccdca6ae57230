/*
 * denoiser.h - the learned field's object, and one row's way into its network and back.
 */
#ifndef LIBPFLOW_DENOISER_H
#define LIBPFLOW_DENOISER_H

#include "base/base.h"
#include "pflow/denoiser.h"

/* What the network is told besides the row: see pf_denoiser_encode. */
enum { pf_denoiser_features = 8 };

/* A fit under way, kept from a call that was stopped to the next. */
typedef struct pf_denoiser_training {
  pflow_net *net; /* the weights that the optimiser moves */
  pflow_optim *optim;
  pflow_ema *ema;
  double loss, first_loss; /* means over about 100 steps */
} pf_denoiser_training;

struct pflow_denoiser {
  pflow_denoiser_config config;
  size_t dim;
  float *center, *variance;      /* of the sources, dim each */
  double mean_variance, radius;  /* over the axes; the farthest source from the center */
  double log_r_min, log_r_range; /* of the config's heights */
  pflow_net *net;                /* the average of the weights */
  size_t steps;
  pf_denoiser_training *training; /* NULL before a fit and after its end */
};

/* PFLOW_EINVAL naming the setting. */
pflow_err pf_denoiser_check_config(const pflow_denoiser_config *full);

/* Inputs of the network. */
static inline size_t pf_denoiser_inputs(const pflow_denoiser *denoiser) {
  return denoiser->dim + pf_denoiser_features;
}

/*
 * The network's input for a row x at height r; the squared width u, NaN for a row that is
 * not finite, whose values then all become NaN.
 */
double pf_denoiser_encode(const pflow_denoiser *denoiser, const float *x, double r,
                          float *input);

/* xhat, or x - xhat, from the network's answer f; out may be f or x. */
void pf_denoiser_mean(const pflow_denoiser *denoiser, const float *x, double u,
                      const float *f, float *out);
void pf_denoiser_derivative(const pflow_denoiser *denoiser, const float *x, double u,
                            const float *f, float *out);

/*
 * The loss of a row of source s, times `share`, and its gradient by f.
 */
double pf_denoiser_loss(const pflow_denoiser *denoiser, const float *s, const float *x,
                        double u, const float *f, double share, float *gradient);

/* What an evaluation reads and writes. */
typedef struct pf_denoiser_rows {
  const float *x;
  const double *height, *log_height; /* one of them */
  size_t n;
  bool as_derivative; /* write x - xhat, NaN for a row that is not finite */
  float *out;
} pf_denoiser_rows;

pflow_err pf_denoiser_run(const pflow_denoiser *denoiser, pflow_denoiser_work *work,
                          const pf_denoiser_rows *rows);

/* A network of the config's shape, with first weights. */
pflow_err pf_denoiser_net(pflow_net **net, const pflow_denoiser *denoiser);

/* The training's parts for the network that it begins with, and their end. */
pflow_err pf_denoiser_training_create(pf_denoiser_training **training,
                                      const pflow_denoiser *denoiser);
void pf_denoiser_training_destroy(pf_denoiser_training *training);

#endif
