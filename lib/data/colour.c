/*
 * colour.c - each change blends the image with another one, out = f x + (1 - f) other,
 * and clips to [0, 1]: with black, with its mean grey, with its own grey, as in
 * torchvision's ColorJitter, in this order.
 */
#include "data/colour.h"

#include <stdbool.h>

/* Luma of ITU-R BT.601. */
static const float luma[3] = {0.299f, 0.587f, 0.114f};

/* Uniform in [1 - half, 1 + half), one word. */
static float factor_of(double half, pflow_rng *rng) {
  return (float)(1.0 + half * (2.0 * (pflow_rng_u32(rng) * 0x1p-32) - 1.0));
}

static float clip(float value) {
  return value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
}

static float grey_of(const float *image, size_t channels, size_t size, size_t at) {
  if (channels == 1) return image[at];
  return luma[0] * image[at] + luma[1] * image[size + at] +
         luma[2] * image[2 * size + at];
}

static float mean_grey(const float *image, size_t channels, size_t size) {
  double sum = 0.0;
  for (size_t at = 0; at < size; at++)
    sum += (double)grey_of(image, channels, size, at);
  return (float)(sum / (double)size);
}

static void blend(float *image, size_t count, float factor, float other) {
  for (size_t k = 0; k < count; k++)
    image[k] = clip(factor * image[k] + (1.0f - factor) * other);
}

/* factor 0: grey. */
static void saturate(float *image, size_t channels, size_t size, float factor) {
  for (size_t at = 0; at < size; at++) {
    const float grey = grey_of(image, channels, size, at);
    for (size_t c = 0; c < channels; c++)
      image[c * size + at] = clip(factor * image[c * size + at] + (1.0f - factor) * grey);
  }
}

void pf_colour_change(float *image, size_t channels, size_t size, const pf_colour *how,
                      pflow_rng *rng) {
  const float brightness = factor_of(how->brightness, rng);
  const float contrast = factor_of(how->contrast, rng);
  const float saturation = factor_of(how->saturation, rng);
  const bool grey = pflow_rng_u32(rng) * 0x1p-32 < how->grey;
  if (how->brightness > 0.0) blend(image, channels * size, brightness, 0.0f);
  if (how->contrast > 0.0)
    blend(image, channels * size, contrast, mean_grey(image, channels, size));
  if (channels == 1) return; /* grey already */
  if (grey)
    saturate(image, channels, size, 0.0f);
  else if (how->saturation > 0.0)
    saturate(image, channels, size, saturation);
}
