/*
 * pflow/nn.h - layers, losses and a sequential network.
 *
 *   pflow_net *net;
 *   pflow_net_create(&net, NULL);
 *   pflow_net_add_conv2d(net, 96, 3, 1);
 *   pflow_net_add_batchnorm(net);
 *   pflow_net_add_relu(net);
 *   pflow_net_add_flatten(net);
 *   pflow_net_add_linear(net, 10, 1);
 *   pflow_net_build(net, (size_t[]){3, 32, 32}, 3);
 *
 *   pflow_net_work *work;
 *   pflow_net_work_create(&work, net, 256, PFLOW_TRAINING);
 *   pflow_net_zero_grads(net);
 *   pflow_net_forward(net, work, x, 256, &logits);
 *   pflow_loss_cross_entropy(logits, labels, 256, 10, &loss, dlogits);
 *   pflow_net_backward(net, work, dlogits, NULL);
 *   pflow_optim_step(optim, params, grads);          (pflow/optim.h)
 *
 * Shapes: a batch is n rows; the shape of one row is given without n. Images are
 * channels x height x width, so a batch is N x C x H x W; vectors are N x features.
 * Linear weights are [out, in], convolution weights [out, in, kernel height, kernel
 * width], as in PyTorch, whose definitions the layers follow.
 *
 * Threads: a built network is const for pflow_net_predict: any number of threads may
 * share it, each with its own workspace. Training changes it and needs one thread at a
 * time. After build and work_create no call in this header allocates.
 */
#ifndef PFLOW_NN_H
#define PFLOW_NN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

typedef struct pflow_net pflow_net;
typedef struct pflow_net_work pflow_net_work;

/* ---- building ---- */

typedef struct pflow_net_config {
  size_t struct_size;
  pflow_pool *pool;     /* borrowed for the network's life; NULL: the default pool */
  uint64_t seed;        /* of the initial weights; default 0 */
  size_t scratch_bytes; /* bound on a layer's temporary block, e.g. a convolution's patch
                           matrix or spectra (at least one row is always held); default
                           64 MiB, less makes large convolutions slower */
} pflow_net_config;

static inline void pflow_net_config_init(pflow_net_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->scratch_bytes = (size_t)64 << 20;
}

PFLOW_API pflow_err pflow_net_create(pflow_net **net, const pflow_net_config *config);
PFLOW_API void pflow_net_destroy(pflow_net *net);

/*
 * Layers are appended in order and numbered from 0. All return PFLOW_ESTATE after build
 * and PFLOW_EINVAL for a setting out of range, naming layer and value.
 */

/*
 * How a convolution is computed; for finite values results differ in rounding alone, by
 * less than 1e-5 of the largest sum of |weight x input|. NaN and infinities spread over a
 * whole image by FFT, over the kernel's reach by GEMM. FFT: products in the Fourier
 * domain, four to five times fewer multiplications; for 3 x 3 kernels, stride 1, padding
 * 1 and images of at most 31 x 31. GEMM: matrix products over patches; any shape.
 */
typedef enum pflow_conv2d_algorithm {
  PFLOW_CONV_AUTO = 0, /* the faster one for shape, scratch_bytes and processor */
  PFLOW_CONV_GEMM = 1,
  PFLOW_CONV_FFT = 2
} pflow_conv2d_algorithm;

typedef struct pflow_conv2d_config {
  size_t struct_size;
  size_t out_channels;       /* must be set */
  size_t kernel_h, kernel_w; /* default 3 */
  size_t stride_h, stride_w; /* default 1 */
  size_t pad_h, pad_w;       /* zeros around the image; default 0 */
  int bias;                  /* default 0 */
  /* Default PFLOW_CONV_AUTO. Not part of a layer's description or of a saved network,
     which any machine may load. */
  pflow_conv2d_algorithm algorithm;
} pflow_conv2d_config;

static inline void pflow_conv2d_config_init(pflow_conv2d_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->kernel_h = config->kernel_w = 3;
  config->stride_h = config->stride_w = 1;
}

/*
 * Convolution (cross-correlation) of any kernel, stride and padding. pflow_net_build
 * returns PFLOW_EUNSUPPORTED, naming the layer, for PFLOW_CONV_FFT on a shape that it
 * does not serve.
 */
PFLOW_API pflow_err pflow_net_add_conv2d_config(pflow_net *net,
                                                const pflow_conv2d_config *config);

/* The common case: square kernel, stride 1, no bias. */
PFLOW_API pflow_err pflow_net_add_conv2d(pflow_net *net, size_t out_channels,
                                         size_t kernel, size_t pad);

/* y = W x + b over vectors; bias 0 leaves b out. */
PFLOW_API pflow_err pflow_net_add_linear(pflow_net *net, size_t out_features, int bias);

typedef struct pflow_batchnorm_config {
  size_t struct_size;
  double eps;      /* added to the variance; default 1e-5 */
  double momentum; /* weight of the new batch in the running statistics; default 0.1 */
} pflow_batchnorm_config;

static inline void pflow_batchnorm_config_init(pflow_batchnorm_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->eps = 1e-5;
  config->momentum = 0.1;
}

/*
 * Batch normalisation (Ioffe and Szegedy 2015) over vectors (per feature) or images (per
 * channel). Training uses the batch's mean and biased variance and moves the running mean
 * and unbiased variance; prediction uses the running ones. A training batch needs at
 * least two values a channel (PFLOW_ESHAPE). config NULL: defaults.
 */
PFLOW_API pflow_err pflow_net_add_batchnorm_config(pflow_net *net,
                                                   const pflow_batchnorm_config *config);
PFLOW_API pflow_err pflow_net_add_batchnorm(pflow_net *net);

/* max(x, 0); gradient 0 at 0. */
PFLOW_API pflow_err pflow_net_add_relu(pflow_net *net);

/* x * sigmoid(x). */
PFLOW_API pflow_err pflow_net_add_silu(pflow_net *net);

/*
 * Largest value of each kernel x kernel window, no padding, output rounded down. The
 * gradient goes to the first of several largest values. NaN gives NaN, and the gradient
 * to the last one.
 */
PFLOW_API pflow_err pflow_net_add_maxpool2d(pflow_net *net, size_t kernel, size_t stride);

/* C x H x W to a vector of C * H * W in that order. */
PFLOW_API pflow_err pflow_net_add_flatten(pflow_net *net);

/* x / ||x|| for each row; a zero row stays zero and passes no gradient. */
PFLOW_API pflow_err pflow_net_add_l2norm(pflow_net *net);

/*
 * Fixes all shapes from the shape of one input row (ndim 1 or 3), allocates one block of
 * parameters, one of gradients and one of running statistics, and gives every layer its
 * default start: weights and biases U(-1/sqrt(fan_in), 1/sqrt(fan_in)), batch norm 1 and
 * 0. Errors: PFLOW_ESHAPE naming the layer, what it wants and what it got; PFLOW_ESTATE
 * when there is no layer or the network is already built; PFLOW_EOVERFLOW; PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_net_build(pflow_net *net, const size_t *row_shape, size_t ndim);

typedef enum pflow_init_kind {
  PFLOW_INIT_DEFAULT = 0,        /* U(+-1/sqrt(fan_in)), biases too (PyTorch's default) */
  PFLOW_INIT_NORMAL = 1,         /* N(0, std^2), biases 0 */
  PFLOW_INIT_KAIMING_NORMAL = 2, /* N(0, 2 / fan_in), biases 0 (He et al. 2015) */
  PFLOW_INIT_XAVIER_UNIFORM =
      3, /* U(+-sqrt(6 / (fan_in + fan_out))), biases 0 (Glorot) */
  PFLOW_INIT_ZERO = 4
} pflow_init_kind;

typedef struct pflow_init_config {
  size_t struct_size;
  pflow_init_kind kind;
  double std;                      /* of PFLOW_INIT_NORMAL; default 0.02 */
  size_t first_layer, layer_count; /* the layers to touch; count 0: all from first on */
  uint64_t seed;
} pflow_init_config;

static inline void pflow_init_config_init(pflow_init_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->std = 0.02;
}

/*
 * Sets the weights and biases of conv2d, linear and user-defined layers in a range
 * afresh; batch norm goes back to 1, 0 and running statistics 0, 1. Numbers depend on the
 * seed and the layer's index, not on the range. config NULL: PFLOW_INIT_DEFAULT, all,
 * seed 0. Errors: PFLOW_ESTATE before build, PFLOW_EINVAL for a range past the last
 * layer, an unknown kind, or a std that is negative or not finite.
 */
PFLOW_API pflow_err pflow_net_init(pflow_net *net, const pflow_init_config *config);

/* ---- looking inside ---- */

/* Number of layers; values of one input and one output row (0 before build). */
PFLOW_API size_t pflow_net_layers(const pflow_net *net);
PFLOW_API size_t pflow_net_in_size(const pflow_net *net);
PFLOW_API size_t pflow_net_out_size(const pflow_net *net);

/* The parameter block, its gradients, and their common length (NULL, 0 before build). */
PFLOW_API float *pflow_net_params(pflow_net *net);
PFLOW_API const float *pflow_net_const_params(const pflow_net *net);
PFLOW_API float *pflow_net_grads(pflow_net *net);
PFLOW_API size_t pflow_net_param_size(const pflow_net *net);

/* The block of running statistics and its length; not touched by optimisers. */
PFLOW_API float *pflow_net_state(pflow_net *net);
PFLOW_API size_t pflow_net_state_size(const pflow_net *net);

/* Shape of one row: ndim 1 (features) or 3 (channels, height, width). */
typedef struct pflow_shape {
  size_t ndim;
  size_t dim[3];
} pflow_shape;

#define PFLOW_LAYER_MAX_ATTRS  16
#define PFLOW_LAYER_MAX_PARAMS 4

/*
 * What a layer is, enough to build it again with pflow_net_add_info. Built-in kinds and
 * attributes: conv2d (out_channels kernel_h kernel_w stride_h stride_w pad_h pad_w bias),
 * linear (out_features bias), batchnorm (eps momentum), relu, silu, maxpool2d (kernel
 * stride), flatten, l2norm.
 */
typedef struct pflow_layer_info {
  char kind[32];
  size_t n_attrs;
  struct {
    char name[24];
    double value;
  } attr[PFLOW_LAYER_MAX_ATTRS];
  pflow_shape in, out; /* ndim 0 before build; ignored by add_info */
} pflow_layer_info;

/* Describes layer `index`. Errors: PFLOW_EINVAL past the last. */
PFLOW_API pflow_err pflow_net_layer_info(const pflow_net *net, size_t index,
                                         pflow_layer_info *info);

/*
 * Appends a built-in layer from its description. Errors: PFLOW_EUNSUPPORTED for an
 * unknown kind, PFLOW_EINVAL for an unknown, missing, fractional or out-of-range
 * attribute.
 */
PFLOW_API pflow_err pflow_net_add_info(pflow_net *net, const pflow_layer_info *info);

/* One named array of a built network, values borrowed from its blocks. */
typedef struct pflow_param {
  char name[64]; /* "<layer>.<array>", e.g. "3.weight", "4.running_mean" */
  size_t ndim;
  size_t shape[4];
  size_t size;
  float *value;
  float *grad; /* NULL for running statistics */
} pflow_param;

/*
 * Number of arrays, and array `index` in order of layers. Errors: PFLOW_ESTATE before
 * build, PFLOW_EINVAL past the last.
 */
PFLOW_API size_t pflow_net_param_count(const pflow_net *net);
PFLOW_API pflow_err pflow_net_param(pflow_net *net, size_t index, pflow_param *param);

/* ---- running ---- */

typedef enum pflow_mode { PFLOW_INFERENCE = 0, PFLOW_TRAINING = 1 } pflow_mode;

/*
 * A workspace for up to max_rows rows at a time: for PFLOW_TRAINING with all that a
 * backward needs, for PFLOW_INFERENCE with what one layer hands to the next. Arrays that
 * are not needed at the same time share memory. It borrows the network.
 * Errors: PFLOW_ESTATE before build, PFLOW_EINVAL for 0 rows, PFLOW_EOVERFLOW,
 * PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_net_work_create(pflow_net_work **work, const pflow_net *net,
                                          size_t max_rows, pflow_mode mode);
PFLOW_API void pflow_net_work_destroy(pflow_net_work *work);

/* Bytes held by a workspace. */
PFLOW_API size_t pflow_net_work_bytes(const pflow_net_work *work);

/*
 * Training pass over n <= max_rows rows: batch statistics, running statistics moved. *y
 * points into the workspace (n x out_size), valid until its next use; x must stay as it
 * is until backward. Errors: PFLOW_ESHAPE for n 0 or above max_rows, PFLOW_ESTATE for a
 * workspace of another network or mode. Values are not checked: NaN in gives NaN out.
 */
PFLOW_API pflow_err pflow_net_forward(pflow_net *net, pflow_net_work *work,
                                      const float *x, size_t n, const float **y);

/*
 * Backward of the last forward: dy is d loss / d y (n x out_size); parameter gradients
 * are added to the gradient block; dx (n x in_size, not overlapping dy) is written unless
 * NULL. Once for each forward, and before any other use of the workspace. Errors:
 * PFLOW_ESTATE without a forward before it.
 */
PFLOW_API pflow_err pflow_net_backward(pflow_net *net, pflow_net_work *work,
                                       const float *dy, float *dx);

/* Sets the gradient block to zero. */
PFLOW_API pflow_err pflow_net_zero_grads(pflow_net *net);

/*
 * Prediction (running statistics) of any number of rows, max_rows at a time, into the
 * caller's y (n x out_size); n 0 does nothing. y may not overlap x. Thread-safe on one
 * net with separate workspaces; either mode of workspace will do, but a forward that
 * waits for its backward in it is lost. Networks of nothing but linear, ReLU and SiLU
 * layers over vectors, up to 512 wide and with up to 2^19 weights, run fused, a few rows
 * at a time through all of them. A row's result does not depend on the rows beside it,
 * but for the rounding of the BLAS at the CPU level `reference`. Errors: PFLOW_ESTATE for
 * a workspace of another network.
 */
PFLOW_API pflow_err pflow_net_predict(const pflow_net *net, pflow_net_work *work,
                                      const float *x, size_t n, float *y);

/*
 * The same, ending after the first `layers` layers: features of an inner layer, whose
 * size pflow_net_layer_info tells. Errors: PFLOW_EINVAL for 0 or more layers than there
 * are.
 */
PFLOW_API pflow_err pflow_net_predict_upto(const pflow_net *net, pflow_net_work *work,
                                           size_t layers, const float *x, size_t n,
                                           float *y);

/* ---- losses ---- */

/*
 * Mean softmax cross entropy of n rows of logits (n x classes) against labels in
 * [0, classes). dlogits, unless NULL, gets the gradient of the mean; it may be logits.
 * Errors: PFLOW_ELABEL naming row and label; PFLOW_EINVAL for n or classes 0.
 */
PFLOW_API pflow_err pflow_loss_cross_entropy(const float *logits, const int32_t *labels,
                                             size_t n, size_t classes, double *loss,
                                             float *dlogits);

/*
 * Mean of (prediction - target)^2 over all n x dim values; dprediction, unless NULL, gets
 * the gradient; it may be prediction. Errors: PFLOW_EINVAL for n or dim 0.
 */
PFLOW_API pflow_err pflow_loss_mse(const float *prediction, const float *target, size_t n,
                                   size_t dim, double *loss, float *dprediction);

/* ---- layers of your own ---- */

typedef enum pflow_param_kind {
  PFLOW_PARAM_WEIGHT = 0, /* initialised by fan_in and fan_out */
  PFLOW_PARAM_BIAS = 1,   /* initialised by fan_in, 0 in most schemes */
  PFLOW_PARAM_SCALE = 2,  /* starts at `start`, whatever the scheme */
  PFLOW_PARAM_STATE = 3   /* starts at `start`; no gradient, not optimised */
} pflow_param_kind;

typedef struct pflow_param_spec {
  char name[32];
  pflow_param_kind kind;
  size_t ndim;
  size_t shape[4];
  size_t fan_in, fan_out;
  float start;
} pflow_param_spec;

/*
 * Filled by plan: in, scratch_bytes and index are given, everything else is zero and the
 * layer's to set. An in_place layer keeps the number of values. In training it works in
 * place only behind a layer that ignores_y; it never does on the caller's arrays, so it
 * must do without, too. plan may be called again when a build failed.
 */
typedef struct pflow_layer_plan {
  pflow_shape in;       /* given */
  size_t scratch_bytes; /* given: keep scratch near this bound, where that can be */
  size_t index;         /* given: the layer's number, for messages */
  pflow_shape out;
  size_t n_params;
  pflow_param_spec param[PFLOW_LAYER_MAX_PARAMS];
  size_t saved_per_row, saved_fixed;     /* floats kept from forward to backward */
  size_t scratch_per_row, scratch_fixed; /* floats of scratch within one call */
  int in_place;   /* 1: y may be x and dx may be dy; backward then reads y, never x */
  int ignores_y;  /* 1: backward does not read y, so the next layer may overwrite it */
  int ignores_x;  /* 1: backward does not read x, which may be overwritten by then */
  int dx_over_dy; /* 1: dx may be dy (an in_place layer need not say so); same sizes */
  int rectifies;  /* 1: the layer can take over a ReLU behind it: see call.rectify */
  size_t backward_scratch; /* floats that backward has besides the scratch above */
} pflow_layer_plan;

/*
 * One call of forward or backward. Pointers to arrays are in the order of plan.param; a
 * state array has a NULL gradient. In prediction (training 0) saved and all gradients are
 * NULL, and parameters and state must not be written. backward adds to grad and
 * overwrites dx (skip it when NULL).
 */
typedef struct pflow_layer_call {
  size_t rows;
  int training;
  pflow_shape in, out;
  const float *x; /* rows x in */
  float *y;       /* rows x out: written by forward, read by backward */
  const float *dy;
  float *dx;
  float *param[PFLOW_LAYER_MAX_PARAMS];
  float *grad[PFLOW_LAYER_MAX_PARAMS];
  float *saved;
  float *scratch;
  pflow_pool *pool;
  int rectify; /* 1, where the layer rectifies: forward writes max(y, 0) in place of y,
                  and backward gets dy of that and takes it for 0 where y is not above 0
                */
} pflow_layer_call;

/*
 * A layer's functions; `self` is the pointer given to pflow_net_add_layer. plan, forward
 * and backward return PFLOW_OK or a negative code. forward and backward must be
 * re-entrant: whatever changes between calls lives in saved and scratch. describe and
 * destroy may be NULL. The built-in layers are made of the same struct.
 */
typedef struct pflow_layer_class {
  size_t struct_size; /* sizeof(pflow_layer_class) */
  const char *kind;   /* at most 31 characters, outlives the network */
  pflow_err (*plan)(pflow_layer_plan *plan, void *self);
  pflow_err (*forward)(const pflow_layer_call *call, void *self);
  pflow_err (*backward)(const pflow_layer_call *call, void *self);
  void (*describe)(pflow_layer_info *info, const void *self);
  void (*destroy)(void *self);
} pflow_layer_class;

/*
 * Appends a layer of the caller's. The class is copied; self is destroyed with the
 * network, and by this call when it fails on a readable class. A negative code that comes
 * without a pflow_errmsg() gets a sentence that names the layer.
 */
PFLOW_API pflow_err pflow_net_add_layer(pflow_net *net, const pflow_layer_class *layer,
                                        void *self);

PFLOW_END_DECLS

#endif
