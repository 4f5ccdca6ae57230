/*
 * conv2d_blas.c - convolution as products of the CBLAS over groups of images: what the
 * reference level has, and the oracle of the other ways.
 *
 * Products run over matrices of channels x (image, place); images lie as image, channel,
 * place. Outputs and their gradients are regrouped through a staging block, except in
 * groups of one image, where both orders are the same.
 */
#include <string.h>

#include "kernels/gemm.h"
#include "nn/channels.h"
#include "nn/conv2d.h"
#include "nn/layer.h"

/* Columns of the patch matrix at which a product runs at full speed. */
enum { enough_columns = 2048 };

/* A group of images in a call. */
typedef struct group {
  const pf_conv2d *conv;
  const pflow_layer_call *call;
  size_t first, n;
  float *patches; /* depth x (n * places) */
  float *staged;  /* out_channels x (n * places) */
} group;

/* Chooses the group and from it the scratch block: patches and staging. */
static pflow_err plan(pf_conv2d *conv, pflow_layer_plan *to) {
  size_t image, bytes;
  pf_try(pf_add(&image, conv->depth, conv->config.out_channels, "conv2d scratch"));
  pf_try(pf_mul(&image, image, conv->places, "conv2d scratch"));
  pf_try(pf_mul(&bytes, image, sizeof(float), "conv2d scratch"));
  size_t fits = to->scratch_bytes / bytes;
  size_t enough = enough_columns / conv->places + 1;
  conv->group = fits < enough ? fits : enough;
  if (conv->group == 0) conv->group = 1;
  return pf_mul(&to->scratch_fixed, image, conv->group, "conv2d scratch");
}

/* ---- regrouping ---- */

/* Items are pieces of `places` values, numbered as in the staging block. */
static size_t piece_in_images(const group *g, size_t item) {
  const pf_conv2d *conv = g->conv;
  size_t image = g->first + item % g->n;
  return (image * conv->config.out_channels + item / g->n) * conv->places;
}

static int unstage_pieces(size_t begin, size_t end, void *user) {
  const group *g = user;
  const size_t places = g->conv->places;
  const float *bias = g->conv->config.bias ? g->call->param[1] : NULL;
  for (size_t item = begin; item < end; item++) {
    const float *from = g->staged + item * places;
    float *to = g->call->y + piece_in_images(g, item);
    const float b = bias ? bias[item / g->n] : 0.0f;
    for (size_t i = 0; i < places; i++)
      to[i] = from[i] + b;
  }
  return 0;
}

static int stage_pieces(size_t begin, size_t end, void *user) {
  const group *g = user;
  const size_t places = g->conv->places;
  for (size_t item = begin; item < end; item++)
    memcpy(g->staged + item * places, g->call->dy + piece_in_images(g, item),
           places * sizeof(float));
  return 0;
}

static pflow_err for_pieces(group *g, pflow_range_fn body) {
  size_t grain = pf_layer_grain / g->conv->places + 1;
  return pflow_parallel_for(g->call->pool, g->n * g->conv->config.out_channels, grain,
                            body, g);
}

/* ---- forward and backward ---- */

static group group_at(const pf_conv2d *conv, const pflow_layer_call *call, size_t first) {
  group g = {.conv = conv, .call = call, .first = first, .n = call->rows - first};
  if (g.n > conv->group) g.n = conv->group;
  g.patches = call->scratch;
  g.staged = call->scratch + conv->depth * conv->places * g.n;
  return g;
}

static pflow_err fill_patches(const group *g) {
  const pf_window *w = &g->conv->window;
  const float *x = g->call->x + g->first * w->channels * w->height * w->width;
  return pf_im2col(g->call->pool, w, x, g->n, g->patches);
}

static pflow_err forward_group(group *g) {
  const pf_conv2d *conv = g->conv;
  pf_try(fill_patches(g));
  if (g->n == 1) g->staged = g->call->y + piece_in_images(g, 0);
  pf_try(pf_sgemm(pf_plain, pf_plain, conv->config.out_channels, g->n * conv->places,
                  conv->depth, g->call->param[0], g->patches, 0.0f, g->staged));
  if (g->n == 1 && !conv->config.bias) return PFLOW_OK;
  return for_pieces(g, unstage_pieces);
}

static pflow_err backward_group(group *g) {
  const pf_conv2d *conv = g->conv;
  const size_t channels = conv->config.out_channels, columns = g->n * conv->places;
  const pf_window *w = &conv->window;
  const float *dy = g->call->dy + piece_in_images(g, 0);
  if (g->n > 1) {
    pf_try(for_pieces(g, stage_pieces));
    dy = g->staged;
  }
  pf_try(fill_patches(g));
  pf_try(pf_sgemm(pf_plain, pf_transposed, channels, conv->depth, columns, dy, g->patches,
                  1.0f, g->call->grad[0]));
  if (!g->call->dx) return PFLOW_OK;
  pf_try(pf_sgemm(pf_transposed, pf_plain, conv->depth, columns, channels,
                  g->call->param[0], dy, 0.0f, g->patches));
  float *dx = g->call->dx + g->first * w->channels * w->height * w->width;
  return pf_col2im(g->call->pool, w, g->patches, g->n, dx);
}

static pflow_err forward(const pf_conv2d *conv, const pflow_layer_call *call) {
  for (size_t first = 0; first < call->rows; first += conv->group) {
    group g = group_at(conv, call, first);
    pf_try(forward_group(&g));
  }
  return PFLOW_OK;
}

static pflow_err backward(const pf_conv2d *conv, const pflow_layer_call *call) {
  const pf_batch batch = {call->rows, conv->config.out_channels, conv->places};
  if (conv->config.bias)
    pf_try(pf_channel_add_sums(call->pool, &batch, call->dy, call->grad[1]));
  for (size_t first = 0; first < call->rows; first += conv->group) {
    group g = group_at(conv, call, first);
    pf_try(backward_group(&g));
  }
  return PFLOW_OK;
}

const pf_conv2d_way pf_conv2d_blas = {plan, forward, backward};
