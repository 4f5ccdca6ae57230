/*
 * conv2d_fft.c - convolution of 3 x 3 as products in the Fourier domain.
 *
 * A "same" convolution of an image with sides below n is a circular one of size n x n:
 * the padding takes what wraps around. With X, W, Y the transforms of images, kernels and
 * outputs, for each frequency alone and summed over channels or images:
 *   forward  Y = X W',  W' of the kernels turned round
 *   data     dX = dY W
 *   weights  dW = conj(dY) X
 * that is, a matrix product for each frequency. Channels are taken in blocks of as many
 * as a vector has lanes. Of one side of the layer (the inputs in forward, the outputs'
 * gradients in backward) all channels of a piece of the batch are transformed at once; of
 * the other side, some blocks at a time, with the kernels that lie between.
 */
#include "kernels/table.h"
#include "nn/channels.h"
#include "nn/conv2d.h"
#include "nn/layer.h"

enum {
  most_images = 256, /* of a piece */
  fewest_images = 8,
  enough_blocks = 6,    /* of a piece, rather than more images */
  enough_channels = 16, /* that this way is faster */
  chunk_planes = 8,     /* blocks of images, and of kernels, worth a thread's while */
  chunk_taps = 16
};

/* Spectra of `blocks` blocks of channels; a block has rows, of images or of channels. */
typedef struct spectrum {
  float *values;
  size_t block, pair; /* floats from a block to the next, from a pair to the next */
} spectrum;

/* Images at one side of the layer. */
typedef struct side {
  size_t channels, blocks;
} side;

/* One direction over a piece of the batch. */
typedef struct pass {
  const pf_conv2d *conv;
  const pflow_layer_call *call;
  const pf_fft_kernels *kernels;
  pf_fft_shape shape;
  bool back;
  size_t first, n;      /* images of the piece */
  side all, some;       /* the side taken whole, and the one taken in blocks */
  size_t block, blocks; /* of the latter: first and number of blocks */
  size_t row, lane;     /* floats from a kernel to that of the next channel of `all`, of
                           `some` */
  spectrum whole, part, taps;
} pass;

/* ---- planning ---- */

/* Rows of a block are made odd in number, and so are all of a pair, so that places which
 * are written together do not fall into the same set of a cache. */
static size_t spectrum_pair(size_t lanes, size_t blocks, size_t rows) {
  return (blocks * (rows | 1) | 1) * 2 * lanes;
}

static size_t pairs_of(size_t size) {
  return size * size / 2;
}

static size_t blocks_of(size_t channels, size_t lanes) {
  return channels / lanes + (channels % lanes > 0);
}

/* *floats += those of a spectrum. */
static pflow_err add_spectrum(size_t *floats, size_t size, size_t blocks, size_t rows) {
  const char *what = "conv2d scratch";
  const size_t lanes = pf_kernels_get()->fft.lanes;
  size_t total;
  pf_try(pf_add(&total, rows, 1, what));
  pf_try(pf_mul(&total, total, blocks, what));
  pf_try(pf_add(&total, total, 1, what));
  pf_try(pf_mul(&total, total, 2 * lanes * pairs_of(size), what));
  return pf_add(floats, *floats, total, what);
}

/* Floats of a piece of a pass, `channels` of which are taken whole. */
static pflow_err piece_floats(size_t *floats, size_t size, size_t channels,
                              const pf_conv2d_piece *piece) {
  const size_t whole = blocks_of(channels, pf_kernels_get()->fft.lanes);
  *floats = 0;
  pf_try(add_spectrum(floats, size, whole, piece->images));
  pf_try(add_spectrum(floats, size, piece->blocks, piece->images));
  return add_spectrum(floats, size, piece->blocks, channels);
}

/* Whether a piece stays within a bound; sizes that overflow do not. */
static bool piece_fits(size_t size, size_t channels, const pf_conv2d_piece *piece,
                       size_t bytes) {
  size_t floats;
  return piece_floats(&floats, size, channels, piece) == PFLOW_OK &&
         floats <= bytes / sizeof(float);
}

/*
 * Many images, so that transforms of kernels are used often, and several blocks, so that
 * the spectra of the whole side are. At least one of each, whatever the bound.
 */
static void choose_piece(pf_conv2d_piece *piece, size_t size, size_t all, size_t some,
                         size_t bytes) {
  const size_t blocks = blocks_of(some, pf_kernels_get()->fft.lanes);
  const size_t enough = blocks < enough_blocks ? blocks : enough_blocks;
  *piece = (pf_conv2d_piece){most_images, enough};
  while (piece->images > fewest_images && !piece_fits(size, all, piece, bytes))
    piece->images /= 2;
  while (piece->blocks > 1 && !piece_fits(size, all, piece, bytes))
    piece->blocks--;
  while (piece->images > 1 && !piece_fits(size, all, piece, bytes))
    piece->images--;
  pf_conv2d_piece whole = {piece->images, blocks};
  while (whole.blocks > piece->blocks && !piece_fits(size, all, &whole, bytes))
    whole.blocks = whole.blocks / 2 + whole.blocks % 2;
  if (whole.blocks > piece->blocks) *piece = whole;
}

bool pf_conv2d_fft_serves(const pf_conv2d *conv) {
  const pflow_conv2d_config *c = &conv->config;
  const pf_window *w = &conv->window;
  return c->kernel_h == 3 && c->kernel_w == 3 && c->stride_h == 1 && c->stride_w == 1 &&
         c->pad_h == 1 && c->pad_w == 1 && w->height <= 31 && w->width <= 31;
}

static size_t transform_size(const pf_window *w) {
  const size_t longer = w->height > w->width ? w->height : w->width;
  return longer < 8 ? 8 : longer < 16 ? 16 : 32;
}

bool pf_conv2d_fft_pays(const pf_conv2d *conv, size_t scratch_bytes) {
  const size_t in = conv->window.channels, out = conv->config.out_channels;
  const size_t size = transform_size(&conv->window);
  const pf_conv2d_piece piece = {fewest_images, 1};
  return pf_cpu_get() != pf_cpu_reference && in >= enough_channels &&
         out >= enough_channels && piece_fits(size, in, &piece, scratch_bytes) &&
         piece_fits(size, out, &piece, scratch_bytes);
}

static pflow_err plan(pf_conv2d *conv, pflow_layer_plan *to) {
  const size_t in = conv->window.channels, out = conv->config.out_channels;
  size_t floats;
  conv->size = transform_size(&conv->window);
  choose_piece(&conv->forward, conv->size, in, out, to->scratch_bytes);
  choose_piece(&conv->backward, conv->size, out, in, to->scratch_bytes);
  pf_try(piece_floats(&to->scratch_fixed, conv->size, in, &conv->forward));
  pf_try(piece_floats(&floats, conv->size, out, &conv->backward));
  pf_conv2d_backward_scratch(to, floats);
  return PFLOW_OK;
}

/* ---- a pass ---- */

static spectrum take_spectrum(const pass *p, float **scratch, size_t blocks,
                              size_t rows) {
  const size_t lanes = p->kernels->lanes;
  spectrum s = {*scratch, (rows | 1) * 2 * lanes, spectrum_pair(lanes, blocks, rows)};
  *scratch += pairs_of(p->shape.n) * s.pair;
  return s;
}

static pass pass_at(const pf_conv2d *conv, const pflow_layer_call *call, bool back) {
  const pf_window *w = &conv->window;
  pass p = {.conv = conv, .call = call, .kernels = &pf_kernels_get()->fft, .back = back};
  const side in = {w->channels, blocks_of(w->channels, p.kernels->lanes)};
  const side out = {conv->config.out_channels,
                    blocks_of(conv->config.out_channels, p.kernels->lanes)};
  p.shape = (pf_fft_shape){conv->size, w->height, w->width};
  p.all = back ? out : in;
  p.some = back ? in : out;
  p.row = back ? 9 * w->channels : 9;
  p.lane = back ? 9 : 9 * w->channels;
  return p;
}

/* The images from `first` on, no more than a piece has. */
static void set_images(pass *p, const pf_conv2d_piece *piece, size_t first) {
  const size_t left = p->call->rows - first;
  float *scratch = p->call->scratch;
  p->first = first;
  p->n = left < piece->images ? left : piece->images;
  p->whole = take_spectrum(p, &scratch, p->all.blocks, p->n);
  p->part = take_spectrum(p, &scratch, piece->blocks, p->n);
  p->taps = take_spectrum(p, &scratch, piece->blocks, p->all.channels);
}

static void set_blocks(pass *p, const pf_conv2d_piece *piece, size_t block) {
  const size_t left = p->some.blocks - block;
  p->block = block;
  p->blocks = left < piece->blocks ? left : piece->blocks;
}

/* Channels of a block of a side. */
static size_t used_lanes(const pass *p, const side *s, size_t block) {
  const size_t left = s->channels - block * p->kernels->lanes;
  return left < p->kernels->lanes ? left : p->kernels->lanes;
}

/* ---- images and their spectra ---- */

/* Images of one side to or from blocks of a spectrum. */
typedef struct transfer {
  const pass *pass;
  const side *side;
  const spectrum *spectrum;
  size_t block; /* of the side: the spectrum's first */
  const float *from;
  float *to;
  const float *bias;
} transfer;

/* First value of a block of channels of image i of the piece. */
static size_t block_in_images(const transfer *t, size_t block, size_t i) {
  const pf_fft_shape *shape = &t->pass->shape;
  const size_t channel = (t->pass->first + i) * t->side->channels +
                         (t->block + block) * t->pass->kernels->lanes;
  return channel * shape->height * shape->width;
}

static int transform_items(size_t begin, size_t end, void *user) {
  const transfer *t = user;
  const pass *p = t->pass;
  for (size_t item = begin; item < end; item++) {
    const size_t block = item / p->n, i = item % p->n;
    float *to =
        t->spectrum->values + block * t->spectrum->block + i * 2 * p->kernels->lanes;
    p->kernels->forward(&p->shape, t->from + block_in_images(t, block, i),
                        used_lanes(p, t->side, t->block + block), to, t->spectrum->pair);
  }
  return 0;
}

static int restore_items(size_t begin, size_t end, void *user) {
  const transfer *t = user;
  const pass *p = t->pass;
  for (size_t item = begin; item < end; item++) {
    const size_t block = item / p->n, i = item % p->n;
    const float *from =
        t->spectrum->values + block * t->spectrum->block + i * 2 * p->kernels->lanes;
    const float *bias = t->bias ? t->bias + (t->block + block) * p->kernels->lanes : NULL;
    p->kernels->inverse(&p->shape, from, t->spectrum->pair, bias,
                        used_lanes(p, t->side, t->block + block),
                        t->to + block_in_images(t, block, i));
  }
  return 0;
}

static pflow_err transform_whole(pass *p, const float *images) {
  transfer t = {p, &p->all, &p->whole, 0, images, NULL, NULL};
  return pflow_parallel_for(p->call->pool, p->all.blocks * p->n, chunk_planes,
                            transform_items, &t);
}

static pflow_err transform_part(pass *p, const float *images) {
  transfer t = {p, &p->some, &p->part, p->block, images, NULL, NULL};
  return pflow_parallel_for(p->call->pool, p->blocks * p->n, chunk_planes,
                            transform_items, &t);
}

static pflow_err restore_part(pass *p, const float *bias, float *images) {
  transfer t = {p, &p->some, &p->part, p->block, NULL, images, bias};
  return pflow_parallel_for(p->call->pool, p->blocks * p->n, chunk_planes, restore_items,
                            &t);
}

/* ---- kernels and their spectra ---- */

/* Items are (block of `some`, channel of `all`). */
static float *taps_at(const pass *p, size_t item) {
  const size_t channels = p->all.channels;
  return p->taps.values + item / channels * p->taps.block +
         item % channels * 2 * p->kernels->lanes;
}

static size_t kernel_at(const pass *p, size_t item) {
  const size_t channels = p->all.channels;
  return (p->block + item / channels) * p->kernels->lanes * p->lane +
         item % channels * p->row;
}

static pf_fft_taps taps_of(const pass *p, size_t item) {
  const size_t block = p->block + item / p->all.channels;
  return (pf_fft_taps){p->shape.n, used_lanes(p, &p->some, block), p->lane};
}

static int transform_taps(size_t begin, size_t end, void *user) {
  const pass *p = user;
  for (size_t item = begin; item < end; item++) {
    const pf_fft_taps taps = taps_of(p, item);
    p->kernels->taps(&taps, p->call->param[0] + kernel_at(p, item), !p->back,
                     taps_at(p, item), p->taps.pair);
  }
  return 0;
}

static int restore_taps(size_t begin, size_t end, void *user) {
  const pass *p = user;
  for (size_t item = begin; item < end; item++) {
    const pf_fft_taps taps = taps_of(p, item);
    p->kernels->add_taps(&taps, taps_at(p, item), p->taps.pair,
                         p->call->grad[0] + kernel_at(p, item));
  }
  return 0;
}

static pflow_err for_taps(pass *p, pflow_range_fn body) {
  return pflow_parallel_for(p->call->pool, p->blocks * p->all.channels, chunk_taps, body,
                            p);
}

/* ---- products ---- */

/* Items are (pair, block of `some`). */
static pf_fft_product product_at(const pass *p, size_t item) {
  const size_t pair = item / p->blocks;
  return (pf_fft_product){
      .split = pair == 0 || pair == p->shape.n / 2,
      .a = p->whole.values + pair * p->whole.pair,
      .a_stride = p->whole.block,
  };
}

static float *block_at(const pass *p, const spectrum *s, size_t item) {
  return s->values + item / p->blocks * s->pair + item % p->blocks * s->block;
}

static int multiply_items(size_t begin, size_t end, void *user) {
  const pass *p = user;
  for (size_t item = begin; item < end; item++) {
    pf_fft_product product = product_at(p, item);
    product.m = p->n;
    product.k = p->all.channels;
    product.b = block_at(p, &p->taps, item);
    product.c = block_at(p, &p->part, item);
    p->kernels->multiply(&product);
  }
  return 0;
}

static int correlate_items(size_t begin, size_t end, void *user) {
  const pass *p = user;
  for (size_t item = begin; item < end; item++) {
    pf_fft_product product = product_at(p, item);
    product.k = p->n;
    product.b = block_at(p, &p->part, item);
    product.c = block_at(p, &p->taps, item);
    for (size_t block = 0; block < p->all.blocks; block++) {
      product.m = used_lanes(p, &p->all, block);
      p->kernels->correlate(&product);
      product.a += p->whole.block;
      product.c += product.m * 2 * p->kernels->lanes;
    }
  }
  return 0;
}

static pflow_err for_products(pass *p, pflow_range_fn body) {
  return pflow_parallel_for(p->call->pool, pairs_of(p->shape.n) * p->blocks, p->blocks,
                            body, p);
}

/* ---- forward and backward ---- */

static pflow_err forward_blocks(pass *p) {
  const bool bias = p->conv->config.bias;
  pf_try(for_taps(p, transform_taps));
  pf_try(for_products(p, multiply_items));
  return restore_part(p, bias ? p->call->param[1] : NULL, p->call->y);
}

static pflow_err backward_blocks(pass *p) {
  pf_try(transform_part(p, p->call->x));
  pf_try(for_products(p, correlate_items));
  pf_try(for_taps(p, restore_taps));
  if (!p->call->dx) return PFLOW_OK;
  pf_try(for_taps(p, transform_taps));
  pf_try(for_products(p, multiply_items));
  return restore_part(p, NULL, p->call->dx);
}

/* Runs a pass over all images and blocks, piece by piece. */
static pflow_err run_pass(pass *p, const pf_conv2d_piece *piece, const float *images,
                          pflow_err (*run_blocks)(pass *p)) {
  for (size_t first = 0; first < p->call->rows; first += p->n) {
    set_images(p, piece, first);
    pf_try(transform_whole(p, images));
    for (size_t block = 0; block < p->some.blocks; block += p->blocks) {
      set_blocks(p, piece, block);
      pf_try(run_blocks(p));
    }
  }
  return PFLOW_OK;
}

static pflow_err forward(const pf_conv2d *conv, const pflow_layer_call *call) {
  pass p = pass_at(conv, call, false);
  return run_pass(&p, &conv->forward, call->x, forward_blocks);
}

static pflow_err backward(const pf_conv2d *conv, const pflow_layer_call *call) {
  const pf_batch batch = {call->rows, conv->config.out_channels, conv->places};
  if (conv->config.bias)
    pf_try(pf_channel_add_sums(call->pool, &batch, call->dy, call->grad[1]));
  pass p = pass_at(conv, call, true);
  return run_pass(&p, &conv->backward, call->dy, backward_blocks);
}

const pf_conv2d_way pf_conv2d_fft = {plan, forward, backward};
