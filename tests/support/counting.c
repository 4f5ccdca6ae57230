/*
 * counting.c - an allocator that counts what is asked of it.
 */
#include "support/counting.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "support/suite.h"

static atomic_size_t calls, bytes, largest;

static void *allocate(size_t size, size_t alignment, void *user) {
  (void)user;
  void *block;
  size_t most = atomic_load(&largest);
  atomic_fetch_add(&calls, 1);
  atomic_fetch_add(&bytes, size);
  while (most < size && !atomic_compare_exchange_weak(&largest, &most, size))
    continue;
  return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void release(void *block, size_t size, void *user) {
  (void)size;
  (void)user;
  free(block);
}

void counting_install(void) {
  atomic_store(&calls, 0);
  atomic_store(&bytes, 0);
  atomic_store(&largest, 0);
  ck_ok(pflow_set_allocator(&(pflow_allocator){allocate, release, NULL}));
}

void counting_remove(void) {
  ck_ok(pflow_set_allocator(NULL));
}

size_t counting_calls(void) {
  return atomic_load(&calls);
}

size_t counting_bytes(void) {
  return atomic_load(&bytes);
}

size_t counting_largest(void) {
  return atomic_load(&largest);
}
