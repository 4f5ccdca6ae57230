/*
 * conv2d_patches.c - convolution as matrix products over patches that are never stored:
 * each tile of a product has the patches that it needs packed from the image.
 *
 * For an image, with W of out_channels x depth and P the patch matrix, depth x places:
 *   forward  Y = W P
 *   weights  dW += dY P'
 *   data     dX = the adjoint of taking patches, of W' dY
 * W is packed once a pass; then images run in parallel. Sums over images are those of
 * parts of the batch, added up in order; the cut depends on the batch's size alone.
 */
#include <string.h>

#include "kernels/panels.h"
#include "kernels/table.h"
#include "nn/channels.h"
#include "nn/conv2d.h"
#include "nn/layer.h"

enum {
  most_parts = 16, /* of the batch, with sums of their own */
  most_slots = 32, /* images whose patches' gradients are held at once */
  chunk_flops = 1 << 20,
  alignment = PFLOW_ALIGNMENT / sizeof(float)
};

/* One pass over the batch. */
typedef struct pass {
  const pf_conv2d *conv;
  const pflow_layer_call *call;
  const pf_gemm_kernels *kernels;
  pf_operand w;      /* the kernels' matrix or its transpose, */
  pf_panels weights; /* and packed */
  float *slots;      /* one for each image or part that is under way */
  size_t slot;       /* floats of it */
  size_t first;      /* image of the first slot */
  size_t parts;      /* of the batch */
} pass;

/* ---- scratch ---- */

static pflow_err round_up(size_t *floats) {
  pf_try(pf_add(floats, *floats, alignment - 1, "conv2d scratch"));
  *floats -= *floats % alignment;
  return PFLOW_OK;
}

static pflow_err panels_floats(size_t *floats, size_t m, size_t k) {
  pf_try(pf_gemm_scratch(floats, m, k));
  return round_up(floats);
}

/* What a part of the batch has: its sums, and room for packed rows of dy. */
static pflow_err part_floats(size_t *floats, const pf_conv2d *conv) {
  size_t panels;
  pf_try(pf_mul(floats, conv->config.out_channels, conv->depth, "conv2d scratch"));
  pf_try(panels_floats(&panels, conv->config.out_channels, pf_panel_piece));
  pf_try(round_up(floats));
  return pf_add(floats, *floats, panels, "conv2d scratch");
}

/* What an image has: the gradient of its patch matrix. */
static pflow_err image_floats(size_t *floats, const pf_conv2d *conv) {
  pf_try(pf_mul(floats, conv->depth, conv->places, "conv2d scratch"));
  return round_up(floats);
}

/* *n: as many slots as fit the bound, from 1 to most; *total: their floats. */
static pflow_err fit_slots(size_t *n, size_t *total, size_t slot, size_t most,
                           size_t bytes) {
  const size_t fit = bytes / sizeof(float) / slot;
  *n = fit < most ? fit : most;
  if (*n == 0) *n = 1;
  return pf_mul(total, slot, *n, "conv2d scratch");
}

static pflow_err plan(pf_conv2d *conv, pflow_layer_plan *to) {
  const size_t channels = conv->config.out_channels, bytes = to->scratch_bytes;
  size_t part, image, weights, parts, images;
  pf_try(part_floats(&part, conv));
  pf_try(fit_slots(&conv->parts, &parts, part, most_parts, bytes));
  pf_try(image_floats(&image, conv));
  pf_try(fit_slots(&conv->slots, &images, image, most_slots, bytes));
  pf_try(panels_floats(&weights, conv->depth, channels));
  pf_try(pf_add(&images, images, weights, "conv2d scratch"));
  pf_try(panels_floats(&to->scratch_fixed, channels, conv->depth));
  pf_conv2d_backward_scratch(to, parts < images ? images : parts);
  return PFLOW_OK;
}

/* ---- what passes share ---- */

static pass pass_of(const pf_conv2d *conv, const pflow_layer_call *call) {
  return (pass){.conv = conv, .call = call, .kernels = &pf_kernels_get()->gemm};
}

static int pack_weights(size_t begin, size_t end, void *user) {
  const pass *p = user;
  pf_panels_pack(&p->weights, &p->w, begin, end);
  return 0;
}

/* Packs the kernels' matrix, or its transpose, at the begin of the scratch. */
static pflow_err set_weights(pass *p, pf_trans trans) {
  const size_t channels = p->conv->config.out_channels, depth = p->conv->depth;
  p->w = (pf_operand){p->call->param[0], depth, trans};
  p->weights = trans == pf_plain ? pf_panels_at(channels, depth, p->call->scratch)
                                 : pf_panels_at(depth, channels, p->call->scratch);
  const size_t values = p->weights.k * p->kernels->rows;
  return pflow_parallel_for(p->call->pool, p->weights.count,
                            chunk_flops / 16 / values + 1, pack_weights, p);
}

static const float *image_at(const pass *p, const float *images, size_t i) {
  const pf_window *w = &p->conv->window;
  return images + i * w->channels * w->height * w->width;
}

/* First value of an image at the layer's outputs. */
static size_t output_at(const pass *p, size_t i) {
  return i * p->conv->config.out_channels * p->conv->places;
}

static size_t column_panels(const pass *p) {
  const size_t width = p->kernels->columns;
  return p->conv->places / width + (p->conv->places % width > 0);
}

/* ---- forward ---- */

/* A panel of columns of the patch matrix, some terms of them. */
static size_t pack_patches(const pass *p, const float *image, size_t column, size_t first,
                           float *to) {
  const size_t width = p->kernels->columns, left = p->conv->places - column;
  const size_t used = left < width ? left : width;
  const size_t length = pf_panels_piece(&p->weights, first);
  pf_patch_block(&p->conv->window, image, first, length, column, column + used, to,
                 width);
  if (used < width)
    for (size_t q = 0; q < length; q++)
      memset(to + q * width + used, 0, (width - used) * sizeof *to);
  return used;
}

static void add_bias(const pass *p, size_t columns, float *y) {
  for (size_t channel = 0; channel < p->conv->config.out_channels; channel++) {
    const float bias = p->call->param[1][channel];
    for (size_t i = 0; i < columns; i++)
      y[channel * p->conv->places + i] += bias;
  }
}

/* Items are (image, panel of columns). */
static int forward_items(size_t begin, size_t end, void *user) {
  const pass *p = user;
  const size_t panels = column_panels(p);
  _Alignas(64) float b[pf_panel_piece * pf_gemm_most_columns];
  for (size_t item = begin; item < end; item++) {
    const size_t column = item % panels * p->kernels->columns;
    const float *image = image_at(p, p->call->x, item / panels);
    float *y = p->call->y + output_at(p, item / panels) + column;
    size_t columns = 0;
    for (size_t first = 0; first < p->weights.k; first += pf_panel_piece) {
      columns = pack_patches(p, image, column, first, b);
      pf_panels_multiply(&p->weights, 0, p->weights.count, first, b, columns, y,
                         p->conv->places, first > 0);
    }
    if (p->conv->config.bias) add_bias(p, columns, y);
  }
  return 0;
}

static pflow_err forward(const pf_conv2d *conv, const pflow_layer_call *call) {
  pass p = pass_of(conv, call);
  pf_try(set_weights(&p, pf_plain));
  const size_t item = conv->depth * conv->config.out_channels * p.kernels->columns;
  return pflow_parallel_for(call->pool, call->rows * column_panels(&p),
                            chunk_flops / item + 1, forward_items, &p);
}

/* ---- backward: kernels ---- */

/* Adds a piece of places of an image, dy's rows being packed, to the sums of a part. */
static void add_places(const pass *p, const pf_panels *dy, const float *image,
                       size_t place, float *sums) {
  const size_t depth = p->conv->depth, width = p->kernels->columns;
  float patches[pf_gemm_most_columns * pf_panel_piece];
  _Alignas(64) float b[pf_panel_piece * pf_gemm_most_columns];
  for (size_t column = 0; column < depth; column += width) {
    const size_t used = depth - column < width ? depth - column : width;
    pf_patch_block(&p->conv->window, image, column, used, place, place + dy->k, patches,
                   pf_panel_piece);
    p->kernels->turn(patches, pf_panel_piece, dy->k, used, width, b);
    pf_panels_multiply(dy, 0, dy->count, 0, b, used, sums + column, depth, true);
  }
}

static void add_image(const pass *p, size_t i, float *sums, float *packed) {
  const size_t places = p->conv->places;
  for (size_t place = 0; place < places; place += pf_panel_piece) {
    const size_t left = places - place;
    const pf_panels dy =
        pf_panels_at(p->conv->config.out_channels,
                     left < pf_panel_piece ? left : pf_panel_piece, packed);
    const pf_operand rows = {p->call->dy + output_at(p, i) + place, places, pf_plain};
    pf_panels_pack(&dy, &rows, 0, dy.count);
    add_places(p, &dy, image_at(p, p->call->x, i), place, sums);
  }
}

/* Rows of the batch before a part. */
static size_t rows_before(const pass *p, size_t part) {
  const size_t more = p->call->rows % p->parts;
  return p->call->rows / p->parts * part + (part < more ? part : more);
}

static int sum_parts(size_t begin, size_t end, void *user) {
  const pass *p = user;
  const size_t size = p->conv->config.out_channels * p->conv->depth;
  for (size_t part = begin; part < end; part++) {
    float *sums = p->slots + part * p->slot;
    float *packed = sums + (size + alignment - 1) / alignment * alignment;
    memset(sums, 0, size * sizeof *sums);
    for (size_t i = rows_before(p, part); i < rows_before(p, part + 1); i++)
      add_image(p, i, sums, packed);
  }
  return 0;
}

static int add_parts(size_t begin, size_t end, void *user) {
  const pass *p = user;
  float *grad = p->call->grad[0];
  for (size_t part = 0; part < p->parts; part++)
    for (size_t i = begin; i < end; i++)
      grad[i] += p->slots[part * p->slot + i];
  return 0;
}

static pflow_err backward_weights(pass *p) {
  const size_t size = p->conv->config.out_channels * p->conv->depth;
  pf_try(part_floats(&p->slot, p->conv));
  p->slots = p->call->scratch;
  p->parts = p->conv->parts < p->call->rows ? p->conv->parts : p->call->rows;
  pf_try(pflow_parallel_for(p->call->pool, p->parts, 1, sum_parts, p));
  return pflow_parallel_for(p->call->pool, size, pf_layer_grain, add_parts, p);
}

/* ---- backward: images ---- */

static int image_slots(size_t begin, size_t end, void *user) {
  const pass *p = user;
  const pf_conv2d *conv = p->conv;
  const size_t width = p->kernels->columns, places = conv->places;
  _Alignas(64) float b[pf_panel_piece * pf_gemm_most_columns];
  for (size_t slot = begin; slot < end; slot++) {
    float *patches = p->slots + slot * p->slot;
    const pf_operand dy = {p->call->dy + output_at(p, p->first + slot), places, pf_plain};
    for (size_t column = 0; column < places; column += width) {
      for (size_t first = 0; first < p->weights.k; first += pf_panel_piece) {
        const size_t columns =
            pf_panels_columns(&p->weights, &dy, column, places, first, b);
        pf_panels_multiply(&p->weights, 0, p->weights.count, first, b, columns,
                           patches + column, places, first > 0);
      }
    }
    const pf_window *w = &conv->window;
    float *dx = p->call->dx + (p->first + slot) * w->channels * w->height * w->width;
    pf_try(pf_col2im(p->call->pool, w, patches, 1, dx));
  }
  return 0;
}

static pflow_err backward_images(pass *p) {
  size_t packed;
  pf_try(set_weights(p, pf_transposed));
  pf_try(panels_floats(&packed, p->conv->depth, p->conv->config.out_channels));
  pf_try(image_floats(&p->slot, p->conv));
  p->slots = p->call->scratch + packed;
  for (p->first = 0; p->first < p->call->rows; p->first += p->conv->slots) {
    const size_t left = p->call->rows - p->first;
    pf_try(pflow_parallel_for(
        p->call->pool, left < p->conv->slots ? left : p->conv->slots, 1, image_slots, p));
  }
  return PFLOW_OK;
}

static pflow_err backward(const pf_conv2d *conv, const pflow_layer_call *call) {
  const pf_batch batch = {call->rows, conv->config.out_channels, conv->places};
  pass p = pass_of(conv, call);
  if (conv->config.bias)
    pf_try(pf_channel_add_sums(call->pool, &batch, call->dy, call->grad[1]));
  pf_try(backward_weights(&p));
  return call->dx ? backward_images(&p) : PFLOW_OK;
}

const pf_conv2d_way pf_conv2d_patches = {plan, forward, backward};
