/*
 * random.c - Philox 4x32-10 and the distributions drawn from it.
 */
#include "pflow/random.h"

#include <math.h>

static const double two_pi = 6.28318530717958647692;

void pflow_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0;
    uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

void pflow_rng_init(pflow_rng *rng, uint64_t seed, uint64_t stream) {
  rng->seed = seed;
  rng->stream = stream;
  rng->position = 0;
}

/* Block `index` of the generator's stream. */
static void rng_block(const pflow_rng *rng, uint64_t index, uint32_t out[4]) {
  const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32),
                               (uint32_t)rng->stream, (uint32_t)(rng->stream >> 32)};
  const uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)};
  pflow_philox(counter, key, out);
}

/* Words drawn one after another with the block they come from kept at hand. */
typedef struct word_reader {
  pflow_rng *rng;
  uint64_t block; /* index of the block in words + 1; 0: none yet */
  uint32_t words[4];
} word_reader;

static uint32_t next_word(word_reader *reader) {
  uint64_t index = reader->rng->position / 4;
  if (reader->block != index + 1) {
    rng_block(reader->rng, index, reader->words);
    reader->block = index + 1;
  }
  return reader->words[reader->rng->position++ % 4];
}

/* 32 bits to the open interval (0, 1). */
static double open_unit(uint32_t word) {
  return ((double)word + 0.5) * 0x1p-32;
}

uint32_t pflow_rng_u32(pflow_rng *rng) {
  word_reader reader = {.rng = rng};
  return next_word(&reader);
}

static uint64_t next_u64(word_reader *reader) {
  uint64_t low = next_word(reader);
  return low | (uint64_t)next_word(reader) << 32;
}

double pflow_rng_double(pflow_rng *rng) {
  word_reader reader = {.rng = rng};
  return (double)(next_u64(&reader) >> 11) * 0x1p-53;
}

/* High 64 bits of bound times a 128-bit fraction: bias below 2^-64. */
static uint64_t next_below(word_reader *reader, uint64_t bound) {
  uint64_t low = next_u64(reader), high = next_u64(reader);
  __extension__ typedef unsigned __int128 wide;
  wide carry = ((wide)low * bound) >> 64;
  return (uint64_t)(((wide)high * bound + carry) >> 64);
}

uint64_t pflow_rng_below(pflow_rng *rng, uint64_t bound) {
  word_reader reader = {.rng = rng};
  return next_below(&reader, bound);
}

void pflow_rng_uniform(pflow_rng *rng, float *out, size_t n, double low, double high) {
  word_reader reader = {.rng = rng};
  /* Rounding to float may reach `high`; the largest float below it stays inside. */
  float top = nextafterf((float)high, (float)low);
  for (size_t i = 0; i < n; i++) {
    float value = (float)(low + (high - low) * (next_word(&reader) * 0x1p-32));
    out[i] = value >= (float)high ? top : value;
  }
}

/* Two independent N(0, 1) values from two words (Box and Muller). */
static void normal_pair(word_reader *reader, double pair[2]) {
  double radius = sqrt(-2.0 * log(open_unit(next_word(reader))));
  double angle = two_pi * open_unit(next_word(reader));
  pair[0] = radius * cos(angle);
  pair[1] = radius * sin(angle);
}

void pflow_rng_normal(pflow_rng *rng, float *out, size_t n, double mean, double std) {
  word_reader reader = {.rng = rng};
  for (size_t i = 0; i < n; i += 2) {
    double pair[2];
    normal_pair(&reader, pair);
    out[i] = (float)(mean + std * pair[0]);
    if (i + 1 < n) out[i + 1] = (float)(mean + std * pair[1]);
  }
}

static void normalize(float *row, size_t dim) {
  double sum = 0.0;
  for (size_t k = 0; k < dim; k++)
    sum += (double)row[k] * row[k];
  double scale = 1.0 / sqrt(sum);
  for (size_t k = 0; k < dim; k++)
    row[k] = (float)(row[k] * scale);
}

/* No row is 0: neither the radius nor the sine and cosine of a normal pair can be. */
void pflow_rng_sphere(pflow_rng *rng, float *out, size_t n, size_t dim) {
  if (dim == 0) return;
  for (size_t i = 0; i < n; i++) {
    pflow_rng_normal(rng, out + i * dim, dim, 0.0, 1.0);
    normalize(out + i * dim, dim);
  }
}

void pflow_rng_permutation(pflow_rng *rng, size_t *out, size_t n) {
  word_reader reader = {.rng = rng};
  for (size_t i = 0; i < n; i++)
    out[i] = i;
  for (size_t i = n; i > 1; i--) {
    size_t j = (size_t)next_below(&reader, i);
    size_t swap = out[i - 1];
    out[i - 1] = out[j];
    out[j] = swap;
  }
}
