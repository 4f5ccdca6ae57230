/*
 * augment.c - random crop and flip of one image on its way from bytes to floats.
 */
#include "data/augment.h"

pf_augment_draw pf_augment_draw_next(pflow_rng *rng, size_t pad, bool flip) {
  pf_augment_draw draw;
  draw.top = (size_t)pflow_rng_below(rng, 2 * pad + 1);
  draw.left = (size_t)pflow_rng_below(rng, 2 * pad + 1);
  draw.flip = flip && pflow_rng_below(rng, 2) == 1;
  return draw;
}

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

static void mirror_line(float *line, size_t width) {
  for (size_t x = 0; x < width / 2; x++) {
    float swap = line[x];
    line[x] = line[width - 1 - x];
    line[width - 1 - x] = swap;
  }
}

void pf_augment_row(float *out, const pflow_images *images, size_t index, size_t pad,
                    pf_augment_draw draw) {
  const unsigned char *image = images->pixels + index * images->size;
  size_t height = images->height, width = images->width;
  for (size_t c = 0; c < images->channels; c++) {
    for (size_t y = 0; y < height; y++, out += width) {
      size_t padded_y = y + draw.top;
      if (padded_y < pad || padded_y >= pad + height) {
        memset(out, 0, width * sizeof *out);
        continue;
      }
      const unsigned char *line = image + (c * height + padded_y - pad) * width;
      crop_line(out, line, width, pad, draw.left);
      if (draw.flip) mirror_line(out, width);
    }
  }
}
