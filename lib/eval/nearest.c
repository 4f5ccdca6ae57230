/*
 * nearest.c - the heap and the bound.
 */
#include "eval/nearest.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

enum { most_seen = 1024 }; /* rows that place a frame */

static const double unit = 0x1p-24;       /* rounding of a float, relative */
static const double longest = 0x1p60;     /* products of such rows fit into a float */
static const double underflow = 0x1p-120; /* room for values too small for a float */

static bool is_farther(pf_neighbour a, pf_neighbour b) {
  return a.distance > b.distance || (a.distance == b.distance && a.row > b.row);
}

static void sift_up(pf_neighbour *heap, size_t place) {
  pf_neighbour moved = heap[place];
  while (place > 0 && is_farther(moved, heap[(place - 1) / 2])) {
    heap[place] = heap[(place - 1) / 2];
    place = (place - 1) / 2;
  }
  heap[place] = moved;
}

static void sift_down(pf_neighbour *heap, size_t size, pf_neighbour moved) {
  size_t place = 0;
  for (size_t child = 1; child < size; child = 2 * place + 1) {
    if (child + 1 < size && is_farther(heap[child + 1], heap[child])) child++;
    if (!is_farther(heap[child], moved)) break;
    heap[place] = heap[child];
    place = child;
  }
  heap[place] = moved;
}

void pf_heap_offer(pf_neighbour *heap, size_t k, size_t held, pf_neighbour next) {
  if (held < k) {
    heap[held] = next;
    sift_up(heap, held);
  } else if (is_farther(heap[0], next)) {
    sift_down(heap, k, next);
  }
}

void pf_heap_sort(pf_neighbour *heap, size_t k) {
  for (size_t last = k - 1; last > 0; last--) {
    const pf_neighbour moved = heap[last];
    heap[last] = heap[0];
    sift_down(heap, last, moved);
  }
}

void pf_frame_set(pf_frame *frame, const float *x, size_t n, size_t dim, double *center) {
  const size_t seen = n < most_seen ? n : most_seen, step = n / seen;
  double extent = 0.0;
  for (size_t k = 0; k < dim; k++)
    center[k] = 0.0;
  for (size_t i = 0; i < seen; i++) {
    for (size_t k = 0; k < dim; k++) {
      const double from_first = (double)x[i * step * dim + k] - (double)x[k];
      center[k] += from_first;
      extent = fabs(from_first) > extent ? fabs(from_first) : extent;
    }
  }
  for (size_t k = 0; k < dim; k++)
    center[k] = x[k] + center[k] / (double)seen;
  *frame = (pf_frame){dim, center, extent > 0.0 ? ldexp(1.0, -ilogb(extent)) : 1.0};
}

double pf_frame_put(const pf_frame *frame, const float *x, float *to, size_t stride) {
  double squares = 0.0;
  for (size_t k = 0; k < frame->dim; k++) {
    const double value = (x[k] - frame->center[k]) * frame->scale;
    to[k * stride] = value > FLT_MAX    ? FLT_MAX
                     : value < -FLT_MAX ? -FLT_MAX
                                        : (float)value;
    squares += (double)to[k * stride] * to[k * stride];
  }
  if (squares < longest * longest) return sqrt(squares);
  for (size_t k = 0; k < frame->dim; k++)
    to[k * stride] = 0.0f;
  return INFINITY;
}

/*
 * half is |b|^2 / 2 less four roundings of |b|^2: one for its own, the others for those
 * of the sum that it enters. reach is |b|, rounded up.
 */
void pf_frame_known(double length, float *half, float *reach) {
  *half = (float)(0.5 * length * length * (1.0 - 8.0 * unit));
  *reach = (float)(length * (1.0 + 2.0 * unit));
}

/*
 * A distance r in the frame is one of at most r + e between the rounded rows, e = unit
 * (|a| + |b|). So a near row has
 *   a . b - |b|^2 / 2 >= (|a|^2 - (r + e)^2) / 2
 *                     >= (|a|^2 - (r + unit |a|)^2) / 2 - (r + unit |a|) unit |b|
 * but for a rest of |b|^2 unit^2, and its product is rounded by at most gamma |a| |b|
 * with gamma = m unit / (1 - m unit), m operations (Higham 2002, section 3.1); eight more
 * are for the sums around it.
 */
void pf_frame_limit(const pf_frame *frame, double length, double distance, float *slope,
                    float *limit) {
  const double steps = (double)frame->dim + 8.0, rounded = steps * unit;
  *slope = 0.0f;
  *limit = -INFINITY;
  if (length == INFINITY || !(rounded < 0.5)) return;
  /* The measured distance is off by less than `steps` roundings of a double. */
  const double radius = frame->scale * sqrt(distance) * (1.0 + steps * DBL_EPSILON);
  if (!(radius < longest)) return;
  const double around = radius + unit * length + steps * underflow;
  const double least = 0.5 * (length - around) * (length + around) - steps * underflow;
  const double gamma = rounded / (1.0 - rounded);
  *slope = nextafterf((float)((around * unit + gamma * length) * (1.0 + 1e-6)), INFINITY);
  *limit = nextafterf((float)least, -INFINITY);
}
