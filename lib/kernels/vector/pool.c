/*
 * pool.c - max-pooling, a vector of outputs of a line at a time.
 *
 * A vector may reach over the end of its line. What it reads there is of no account, and
 * what it writes there is written again later, as long as both stay within the arrays
 * and, writing, within the call's own planes; the last few values go one by one.
 */
#include "kernels/pool_kernels.h"
#include "kernels/vector/vector.h"

typedef uint8_t vb __attribute__((vector_size(pf_lanes)));

/* Kernel and stride of a shape, or constants in their stead. */
typedef struct window {
  size_t kernel, stride;
} window;

typedef struct best {
  vf value;
  vi place;
} best;

/* Lanes at which v is to take the place of the best before it. */
pf_always_inline void offer(best *b, vf v, size_t place) {
  const vi better = (vi)(v > b->value) | (vi)(v != v);
  b->value = vf_choose(better, v, b->value);
  b->place = (better & (int32_t)place) | (~better & b->place);
}

/* n values, `stride` apart; with room, there are a stride of lanes to read. */
pf_always_inline vf load_strided(const float *from, size_t stride, size_t n, bool room) {
  if (stride == 1 && room) return vf_load(from);
  if (stride == 2 && room) return vf_evens(vf_load(from), vf_load(from + pf_lanes));
  float lane[pf_lanes] = {0.0f};
  for (size_t i = 0; i < n; i++)
    lane[i] = from[i * stride];
  return vf_load(lane);
}

/* The best of n windows of a line, the first of them at corner. */
pf_always_inline best best_of(window w, size_t width, const float *corner, size_t n,
                              bool room) {
  best b = {load_strided(corner, w.stride, n, room), {0}};
  for (size_t y = 0; y < w.kernel; y++)
    for (size_t x = y == 0; x < w.kernel; x++)
      offer(&b, load_strided(corner + y * width + x, w.stride, n, room),
            y * w.kernel + x);
  return b;
}

pf_always_inline void store_places(void *places, bool bytes, size_t at, vi place,
                                   size_t n) {
  if (bytes) {
    const vb narrow = __builtin_convertvector(place, vb);
    memcpy((uint8_t *)places + at, &narrow, n);
  } else {
    memcpy((uint32_t *)places + at, &place, n * sizeof(uint32_t));
  }
}

pf_always_inline void pool(window w, const pf_pool_shape *s, size_t begin, size_t end,
                           const float *x, float *y, void *places) {
  const bool bytes = w.kernel <= pf_pool_most_bytes;
  const size_t all = s->planes * s->height * s->width;
  const size_t last = end * s->out_h * s->out_w;
  const size_t reach = (w.kernel - 1) * (s->width + 1) + w.stride * pf_lanes;
  for (size_t line = begin * s->out_h; line < end * s->out_h; line++) {
    const size_t row = line / s->out_h * s->height + line % s->out_h * w.stride;
    for (size_t i = 0; i < s->out_w; i += pf_lanes) {
      const size_t at = row * s->width + i * w.stride, out = line * s->out_w + i;
      const size_t left = s->out_w - i, n = left < pf_lanes ? left : pf_lanes;
      const best b = at + reach <= all ? best_of(w, s->width, x + at, n, true)
                                       : best_of(w, s->width, x + at, n, false);
      if (out + pf_lanes <= last) {
        vf_store(y + out, b.value);
        if (places) store_places(places, bytes, out, b.place, pf_lanes);
      } else {
        vf_store_part(y + out, b.value, n);
        if (places) store_places(places, bytes, out, b.place, n);
      }
    }
  }
}

static void forward(const pf_pool_shape *s, size_t begin, size_t end, const float *x,
                    float *y, void *places) {
  if (s->kernel == 3 && s->stride == 2)
    pool((window){3, 2}, s, begin, end, x, y, places);
  else if (s->kernel == 2 && s->stride == 2)
    pool((window){2, 2}, s, begin, end, x, y, places);
  else
    pool((window){s->kernel, s->stride}, s, begin, end, x, y, places);
}

void pf_fill(pool)(pf_pool_kernels *to);
void pf_fill(pool)(pf_pool_kernels *to) {
  *to = (pf_pool_kernels){forward};
}
