/*
 * synthetic.c - a seeded stand-in for real images: classes are smooth periodic patterns.
 *
 * Stream c of the seed draws the pattern of class c; the streams from (1 + split) * 2^40
 * on draw one image each.
 */
#include <math.h>

#include "data/images.h"
#include "pflow/random.h"

static const double pf_two_pi = 6.28318530717958647692;

enum { pf_waves = 6, pf_noise_piece = 256 };

/* A plane of a pattern: mean 1/2 and pf_waves cosines of up to three periods a side. */
static void draw_plane(float *plane, size_t height, size_t width, pflow_rng *rng) {
  double fy[pf_waves], fx[pf_waves], phase[pf_waves];
  for (size_t w = 0; w < pf_waves; w++) {
    fy[w] = (double)pflow_rng_below(rng, 4) / (double)height;
    fx[w] = (double)pflow_rng_below(rng, 4) / (double)width;
    phase[w] = pflow_rng_double(rng);
  }
  for (size_t y = 0; y < height; y++) {
    for (size_t x = 0; x < width; x++) {
      double sum = 0.0;
      for (size_t w = 0; w < pf_waves; w++)
        sum += cos(pf_two_pi * (fy[w] * (double)y + fx[w] * (double)x + phase[w]));
      plane[y * width + x] = (float)(0.5 + 0.1 * sum);
    }
  }
}

/* The patterns of all classes, classes x C x H x W. */
static pflow_err draw_patterns(float **patterns, const pflow_images *images,
                               uint64_t seed) {
  size_t size, plane = images->height * images->width;
  pf_try(pf_mul(&size, images->classes, images->size, "values of all patterns"));
  pf_try(pf_alloc(patterns, size, sizeof **patterns));
  for (size_t class = 0; class < images->classes; class ++) {
    pflow_rng rng;
    pflow_rng_init(&rng, seed, class);
    for (size_t c = 0; c < images->channels; c++)
      draw_plane(*patterns + class * images->size + c * plane, images->height,
                 images->width, &rng);
  }
  return PFLOW_OK;
}

typedef struct synthetic_job {
  const pflow_synthetic_config *config;
  const float *patterns;
  pflow_images *images;
} synthetic_job;

/* A value in [0, 1] as a byte, after clipping. */
static unsigned char to_byte(float value) {
  float scaled = 255.0f * fminf(fmaxf(value, 0.0f), 1.0f);
  return (unsigned char)(scaled + 0.5f);
}

/* One line of an image: a line of the pattern, moved, scaled and covered with noise. */
static void draw_line(unsigned char *out, const float *line, size_t width, size_t shift,
                      float brightness, double noise, pflow_rng *rng) {
  float extra[pf_noise_piece];
  for (size_t begin = 0; begin < width; begin += pf_noise_piece) {
    size_t piece = width - begin < pf_noise_piece ? width - begin : pf_noise_piece;
    pflow_rng_normal(rng, extra, piece, 0.0, noise);
    for (size_t i = 0; i < piece; i++)
      out[begin + i] = to_byte(line[(begin + i + shift) % width] * brightness + extra[i]);
  }
}

/* A shift of up to a quarter of the side either way. */
static size_t draw_shift(pflow_rng *rng, size_t side) {
  return side - side / 4 + (size_t)pflow_rng_below(rng, 2 * (side / 4) + 1);
}

static void draw_image(unsigned char *out, const float *pattern,
                       const pflow_images *images, double noise, pflow_rng *rng) {
  size_t height = images->height, width = images->width;
  size_t down = draw_shift(rng, height), right = draw_shift(rng, width);
  float brightness = (float)(0.6 + 0.8 * pflow_rng_double(rng));
  for (size_t c = 0; c < images->channels; c++) {
    for (size_t y = 0; y < height; y++, out += width) {
      const float *line = pattern + (c * height + (y + down) % height) * width;
      draw_line(out, line, width, right, brightness, noise, rng);
    }
  }
}

static int draw_range(size_t begin, size_t end, void *user) {
  const synthetic_job *job = user;
  pflow_images *images = job->images;
  for (size_t i = begin; i < end; i++) {
    size_t class = i % images->classes;
    pflow_rng rng;
    pflow_rng_init(&rng, job->config->seed,
                   ((1 + (uint64_t)job->config->split) << 40) + i);
    draw_image(images->pixels + i * images->size, job->patterns + class * images->size,
               images, job->config->noise, &rng);
    images->labels[i] = (int32_t) class;
  }
  return 0;
}

static pflow_err draw_images(pflow_images *images, const pflow_synthetic_config *config) {
  float *patterns;
  pf_try(draw_patterns(&patterns, images, config->seed));
  synthetic_job job = {.config = config, .patterns = patterns, .images = images};
  pflow_err rc = pflow_parallel_for(NULL, images->n, 16, draw_range, &job);
  pflow_free(patterns);
  return rc;
}

pflow_err pflow_images_create_synthetic(pflow_images **images,
                                        const pflow_synthetic_config *config) {
  pf_need(images);
  *images = NULL;
  pflow_synthetic_config full;
  pflow_synthetic_config_init(&full);
  pf_try(pf_config_read(&full, sizeof full, config, "pflow_synthetic_config"));
  pf_try(pf_check_split(full.split));
  pf_try(pf_check_setting(full.noise >= 0.0 && full.noise < INFINITY, "noise", full.noise,
                          "0 or more"));
  const size_t shape[3] = {full.channels, full.height, full.width};
  pflow_images *made;
  pf_try(pf_images_create(&made, full.n, shape, full.classes));
  return pf_images_finish(images, made, draw_images(made, &full));
}
