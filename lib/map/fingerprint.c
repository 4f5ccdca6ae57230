#include "map/fingerprint.h"

#include <stdlib.h>
#include <string.h>

/* The finaliser of MurmurHash3 (Appleby, public domain): every bit moves every other. */
static uint64_t mix(uint64_t h) {
  h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
  h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
  return h ^ (h >> 33);
}

uint64_t pf_fingerprint(const void *values, size_t size) {
  uint64_t h = size;
  for (size_t k = 0; k < size; k++) {
    uint32_t bits;
    memcpy(&bits, (const char *)values + k * sizeof bits, sizeof bits);
    h = mix(h + bits + UINT64_C(0x9e3779b97f4a7c15));
  }
  return h;
}

static pflow_err allocate(pf_fingerprints *prints, size_t n) {
  *prints = (pf_fingerprints){.n = n};
  pf_try(pf_alloc(&prints->of_row, n, sizeof *prints->of_row));
  return pf_alloc(&prints->order, n, sizeof *prints->order);
}

/* One line of the order while it is being sorted. */
typedef struct line {
  uint64_t print;
  size_t row;
} line;

static int by_print(const void *a, const void *b) {
  const line *x = a, *y = b;
  if (x->print != y->print) return x->print < y->print ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

static pflow_err sort(pf_fingerprints *prints) {
  line *lines;
  pf_try(pf_alloc(&lines, prints->n, sizeof *lines));
  for (size_t i = 0; i < prints->n; i++)
    lines[i] = (line){prints->of_row[i], i};
  qsort(lines, prints->n, sizeof *lines, by_print);
  for (size_t i = 0; i < prints->n; i++)
    prints->order[i] = lines[i].row;
  pflow_free(lines);
  return PFLOW_OK;
}

pflow_err pf_fingerprints_create(pf_fingerprints *prints, const float *x, size_t n,
                                 size_t dim, const size_t *chosen) {
  pf_try(allocate(prints, n));
  for (size_t i = 0; i < n; i++)
    prints->of_row[i] = pf_fingerprint(x + (chosen ? chosen[i] : i) * dim, dim);
  return sort(prints);
}

void pf_fingerprints_destroy(pf_fingerprints *prints) {
  pflow_free(prints->of_row);
  pflow_free(prints->order);
}

size_t pf_fingerprints_find(const pf_fingerprints *prints, const float *row, size_t dim) {
  const uint64_t print = pf_fingerprint(row, dim);
  size_t low = 0, high = prints->n;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (prints->of_row[prints->order[middle]] < print)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == prints->n || prints->of_row[prints->order[low]] != print) return SIZE_MAX;
  return prints->order[low];
}

enum { words = 4, word_bits = 16 };

pflow_err pf_fingerprints_put(const pf_fingerprints *prints, pflow_archive *archive,
                              const char *name) {
  float *values;
  size_t count;
  const size_t shape[] = {prints->n, words};
  pf_try(pf_mul(&count, prints->n, words, "fingerprints"));
  pf_try(pf_alloc(&values, count, sizeof *values));
  for (size_t i = 0; i < count; i++)
    values[i] = (float)(prints->of_row[i / words] >> i % words * word_bits & 0xffff);
  pflow_err rc = pflow_archive_put(archive, name, values, shape, 2);
  pflow_free(values);
  return rc;
}

pflow_err pf_fingerprints_get(pf_fingerprints *prints, const pflow_archive *archive,
                              const char *name, size_t n) {
  const pflow_tensor *tensor;
  const size_t shape[] = {n, words};
  pf_try(pf_archive_get_shaped(archive, name, shape, 2, &tensor));
  pf_try(allocate(prints, n));
  const float *values = pflow_tensor_const_values(tensor);
  for (size_t i = 0; i < n * words; i++) {
    if (!(values[i] >= 0.0f && values[i] < 65536.0f))
      return pf_fail(PFLOW_EFORMAT, "%s: value %zu of '%s' is %g", archive->source, i,
                     name, (double)values[i]);
    prints->of_row[i / words] |= (uint64_t)values[i] << i % words * word_bits;
  }
  return sort(prints);
}
