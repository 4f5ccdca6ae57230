/*
 * nearest.h - what an exact search for nearest rows with products in float stands on: the
 * rows met so far, and a bound that tells which products need no second look.
 *
 * Rows are moved to a centre and scaled by a power of two, so that they are about as long
 * as they are far apart, then rounded to float. For a known row b and a query a of
 * lengths |a|, |b| in that frame, a . b - |b|^2 / 2 is (|a|^2 - |a - b|^2) / 2: above a
 * limit for the rows that are near. Both are rounded, and the bound says how much.
 */
#ifndef LIBPFLOW_NEAREST_H
#define LIBPFLOW_NEAREST_H

#include <stddef.h>

typedef struct pf_neighbour {
  double distance; /* squared */
  size_t row;
} pf_neighbour;

/*
 * Shows a row to a heap of the k nearest so far, the worst at its root, that holds `held`
 * <= k of them. Equal distances: the smaller row number is nearer.
 */
void pf_heap_offer(pf_neighbour *heap, size_t k, size_t held, pf_neighbour next);

/* Turns a full heap into a list, nearest first. */
void pf_heap_sort(pf_neighbour *heap, size_t k);

typedef struct pf_frame {
  size_t dim;
  double *center; /* dim */
  double scale;   /* a power of two */
} pf_frame;

/*
 * Centre near the mean of n known rows, scale of their extent; some of many rows stand
 * for all of them, since any centre and scale are right, only not as tight. center has
 * room for dim.
 */
void pf_frame_set(pf_frame *frame, const float *x, size_t n, size_t dim, double *center);

/*
 * Writes a row in the frame, value k to to[k * stride], and returns its length. A row too
 * long for products in float is written as zeros; its length is INFINITY.
 */
double pf_frame_put(const pf_frame *frame, const float *x, float *to, size_t stride);

/* What the bound takes of a known row of that length, for the kernel `find`. */
void pf_frame_known(double length, float *half, float *reach);

/*
 * What the bound takes of a query of that length: the kernel lists every known row that
 * is nearer than `distance` (squared, as measured in double, not in the frame), whatever
 * the order of sums in its product.
 */
void pf_frame_limit(const pf_frame *frame, double length, double distance, float *slope,
                    float *limit);

#endif
