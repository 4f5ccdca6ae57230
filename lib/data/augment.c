/*
 * augment.c - crops, flip and colours of one image on its way from bytes to floats.
 *
 * An image's words: 8 for the crop, 4 for the flip, 4 for the colours. Each is drawn
 * whatever is asked for, so that one augmentation does not change another's numbers.
 */
#include "data/augment.h"

#include <math.h>

enum { flip_word = 8, colour_word = 12 };
_Static_assert(colour_word + pf_colour_words <= pf_augment_words,
               "an image keeps to its words");

static const double most_stretch = 4.0 / 3.0; /* of a crop's sides to each other */

static pflow_rng at_word(const pflow_rng *rng, uint64_t word) {
  pflow_rng moved = *rng;
  moved.position += word;
  return moved;
}

/* ---- a crop out of a border of zeros ---- */

/* Values left - pad <= x < left - pad + width of a line, zero outside of it. */
static void crop_line(float *out, const unsigned char *line, size_t width, size_t pad,
                      size_t left) {
  size_t before = left < pad ? pad - left : 0;
  size_t after = left > pad ? left - pad : 0;
  size_t kept = width - before - after;
  memset(out, 0, before * sizeof *out);
  pf_bytes_to_unit(out + before, line + after, kept);
  memset(out + before + kept, 0, after * sizeof *out);
}

static void padded_crop(float *out, const pflow_images *images,
                        const unsigned char *image, size_t pad, pflow_rng rng) {
  const size_t height = images->height, width = images->width;
  const size_t top = (size_t)pflow_rng_below(&rng, 2 * pad + 1);
  const size_t left = (size_t)pflow_rng_below(&rng, 2 * pad + 1);
  for (size_t c = 0; c < images->channels; c++) {
    for (size_t y = 0; y < height; y++, out += width) {
      const size_t padded_y = y + top;
      if (padded_y < pad || padded_y >= pad + height)
        memset(out, 0, width * sizeof *out);
      else
        crop_line(out, image + (c * height + padded_y - pad) * width, width, pad, left);
    }
  }
}

/* ---- a part of the image, brought to its size ---- */

/* Pixel i of `count` lies `first` + i * `step` pixels into the whole image. */
typedef struct axis {
  double first, step;
  size_t count;
} axis;

/* A length of share * count pixels at a random place; pixels are sampled at their middle.
 */
static axis cut(size_t count, double share, pflow_rng *rng) {
  const double length = fmin(share, 1.0) * (double)count;
  const double begin = pflow_rng_double(rng) * ((double)count - length);
  const double step = length / (double)count;
  return (axis){begin + 0.5 * step - 0.5, step, count};
}

/* The two pixels beside a place, and the share of the second. */
static float between(const axis *self, size_t i, size_t *low, size_t *high) {
  const double last = (double)(self->count - 1);
  const double place = fmin(fmax(self->first + (double)i * self->step, 0.0), last);
  *low = (size_t)place;
  *high = *low + 1 < self->count ? *low + 1 : *low;
  return (float)(place - (double)*low);
}

/* The area is uniform from `area` to 1, the logarithm of the stretch uniform. */
static void resized_crop(float *out, const pflow_images *images,
                         const unsigned char *image, double area, pflow_rng rng) {
  const size_t height = images->height, width = images->width;
  const double share = area + (1.0 - area) * pflow_rng_double(&rng);
  const double stretch = pow(most_stretch, pflow_rng_double(&rng) - 0.5);
  const axis down = cut(height, sqrt(share) * stretch, &rng);
  const axis across = cut(width, sqrt(share) / stretch, &rng);
  for (size_t c = 0; c < images->channels; c++, image += height * width) {
    for (size_t y = 0; y < height; y++) {
      size_t top, bottom, left, right;
      const float v = between(&down, y, &top, &bottom);
      const unsigned char *upper = image + top * width, *lower = image + bottom * width;
      for (size_t x = 0; x < width; x++) {
        const float u = between(&across, x, &left, &right);
        const float above = (1.0f - u) * upper[left] + u * upper[right];
        const float below = (1.0f - u) * lower[left] + u * lower[right];
        *out++ = ((1.0f - v) * above + v * below) / 255.0f;
      }
    }
  }
}

/* ---- all of it ---- */

static void mirror_line(float *line, size_t width) {
  for (size_t x = 0; x < width / 2; x++) {
    float swap = line[x];
    line[x] = line[width - 1 - x];
    line[width - 1 - x] = swap;
  }
}

static void mirror(float *out, const pflow_images *images) {
  for (size_t line = 0; line < images->channels * images->height; line++)
    mirror_line(out + line * images->width, images->width);
}

static bool changes_colour(const pf_colour *how) {
  return how->brightness > 0.0 || how->contrast > 0.0 || how->saturation > 0.0 ||
         how->grey > 0.0;
}

void pf_augment_row(float *out, const pflow_images *images, size_t index,
                    const pf_augment *how, const pflow_rng *rng) {
  const unsigned char *image = images->pixels + index * images->size;
  pflow_rng flip = at_word(rng, flip_word), colour = at_word(rng, colour_word);
  if (how->area > 0.0)
    resized_crop(out, images, image, how->area, *rng);
  else
    padded_crop(out, images, image, how->pad, *rng);
  if (how->flip && pflow_rng_below(&flip, 2) == 1) mirror(out, images);
  if (changes_colour(&how->colour))
    pf_colour_change(out, images->channels, images->height * images->width, &how->colour,
                     &colour);
}
