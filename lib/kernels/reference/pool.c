/*
 * pool.c - the oracle of max-pooling: window by window.
 */
#include <stdint.h>

#include "kernels/pool_kernels.h"

static size_t find_best(const pf_pool_shape *s, const float *corner) {
  size_t best = 0, best_at = 0;
  for (size_t place = 0; place < s->kernel * s->kernel; place++) {
    const size_t at = place / s->kernel * s->width + place % s->kernel;
    if (corner[at] > corner[best_at] || corner[at] != corner[at]) {
      best = place;
      best_at = at;
    }
  }
  return best;
}

/* First value of the window of an output, numbered through all planes. */
static size_t corner_of(const pf_pool_shape *s, size_t out) {
  const size_t line = out / s->out_w, plane = line / s->out_h;
  return (plane * s->height + line % s->out_h * s->stride) * s->width +
         out % s->out_w * s->stride;
}

static size_t outputs_of(const pf_pool_shape *s, size_t planes) {
  return planes * s->out_h * s->out_w;
}

static void forward(const pf_pool_shape *s, size_t begin, size_t end, const float *x,
                    float *y, void *places) {
  for (size_t i = outputs_of(s, begin); i < outputs_of(s, end); i++) {
    const float *corner = x + corner_of(s, i);
    const size_t place = find_best(s, corner);
    y[i] = corner[place / s->kernel * s->width + place % s->kernel];
    if (places && s->kernel <= pf_pool_most_bytes)
      ((uint8_t *)places)[i] = (uint8_t)place;
    else if (places)
      ((uint32_t *)places)[i] = (uint32_t)place;
  }
}

void pf_fill_pool_reference(pf_pool_kernels *to);
void pf_fill_pool_reference(pf_pool_kernels *to) {
  *to = (pf_pool_kernels){forward};
}
