/*
 * test_threads.c - the pool and its parallel-for.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/suite.h"

enum { most = 5000 };

static pflow_pool *make_pool(size_t threads) {
  pflow_pool *pool;
  ck_ok(pflow_pool_create(&pool, threads));
  return pool;
}

/* How often each index was visited, and whether chunks were cut as promised. */
typedef struct visits {
  atomic_int count[most];
  atomic_int bad_chunks;
  size_t n, grain;
} visits;

static int visit(size_t begin, size_t end, void *user) {
  visits *self = user;
  size_t wanted = self->n - begin < self->grain ? self->n : begin + self->grain;
  if (begin % self->grain != 0 || end != wanted) atomic_fetch_add(&self->bad_chunks, 1);
  for (size_t i = begin; i < end; i++)
    atomic_fetch_add(&self->count[i], 1);
  return 0;
}

static void check_visits(pflow_pool *pool, size_t n, size_t grain) {
  static visits self;
  memset(&self, 0, sizeof self);
  self.n = n;
  self.grain = grain ? grain : 1;
  ck_ok(pflow_parallel_for(pool, n, grain, visit, &self));
  ck_assert_int_eq(atomic_load(&self.bad_chunks), 0);
  size_t right = 0;
  for (size_t i = 0; i < most; i++)
    right += atomic_load(&self.count[i]) == (i < n);
  ck_assert_uint_eq(right, most);
}

START_TEST(each_index_is_visited_once) {
  const size_t sizes[] = {0, 1, 2, 3, 7, 64, 1000, most};
  const size_t grains[] = {0, 1, 2, 3, 7, 64, 999, 1000, 1001, SIZE_MAX};
  for (size_t threads = 1; threads <= 9; threads += 2) {
    pflow_pool *pool = make_pool(threads);
    ck_assert_uint_eq(pflow_pool_threads(pool), threads);
    for (size_t i = 0; i < 8; i++)
      for (size_t k = 0; k < 10; k++)
        check_visits(pool, sizes[i], grains[k]);
    pflow_pool_destroy(pool);
  }
  for (size_t i = 0; i < 8; i++)
    check_visits(NULL, sizes[i], 5);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(short_loops_in_quick_succession) {
  pflow_pool *pool = make_pool(4);
  for (size_t i = 0; i < 1000; i++)
    check_visits(pool, 1 + i % 9, 1);
  pflow_pool_destroy(pool);
  for (size_t i = 0; i < 200; i++)
    pflow_pool_destroy(make_pool(1 + i % 5));
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Waits until two threads are inside at once: only a pool that shares work gets there. */
static int meet(size_t begin, size_t end, void *user) {
  (void)begin;
  (void)end;
  atomic_int *inside = user;
  atomic_fetch_add(inside, 1);
  for (int i = 0; i < 20000 && atomic_load(inside) < 2; i++)
    usleep(1000);
  return atomic_load(inside) < 2 ? PFLOW_ETHREAD : 0;
}

START_TEST(threads_work_at_the_same_time) {
  pflow_pool *pool = make_pool(2);
  atomic_int inside = 0;
  ck_ok(pflow_parallel_for(pool, 2, 1, meet, &inside));
  pflow_pool_destroy(pool);
}
END_TEST

/* Fails at each index of `failing` with a message (a library call's) that names it. */
typedef struct failures {
  size_t failing[3];
  int positive; /* index that stops politely; -1: none */
  atomic_size_t visited;
} failures;

static int fail_at(size_t begin, size_t end, void *user) {
  failures *self = user;
  (void)end;
  atomic_fetch_add(&self->visited, 1);
  for (size_t k = 0; k < 3; k++)
    if (begin == self->failing[k]) {
      pflow_pool *pool;
      if (k == 0) usleep(2000); /* the first one reports late */
      return pflow_pool_create(&pool, 1000 + begin);
    }
  return (int)begin == self->positive ? 5 : 0;
}

START_TEST(the_lowest_failure_reaches_the_caller) {
  for (size_t threads = 1; threads <= 4; threads++) {
    pflow_pool *pool = make_pool(threads);
    for (int round = 0; round < 50; round++) {
      failures self = {.failing = {10, 11, 500}, .positive = -1};
      ck_fails(pflow_parallel_for(pool, 1000, 1, fail_at, &self), PFLOW_EINVAL,
               "1010 threads");
      if (threads == 1) ck_assert_uint_eq(atomic_load(&self.visited), 11);
    }
    failures polite = {.failing = {most, most, most}, .positive = 40};
    ck_assert_int_eq(pflow_parallel_for(pool, most, 1, fail_at, &polite), PFLOW_STOPPED);
    failures both = {.failing = {41, most, most}, .positive = 40};
    ck_assert_int_eq(pflow_parallel_for(pool, 100, 1, fail_at, &both), PFLOW_STOPPED);
    failures late = {.failing = {39, most, most}, .positive = 40};
    ck_fails(pflow_parallel_for(pool, 100, 1, fail_at, &late), PFLOW_EINVAL, "1039");
    check_visits(pool, 100, 3);
    pflow_pool_destroy(pool);
  }
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Fails without a sentence, after a chunk that leaves one behind but goes on. */
static int fail_silently(size_t begin, size_t end, void *user) {
  (void)user;
  pflow_pool *pool;
  if (end == 60) return -77;
  if (pflow_pool_create(&pool, 1000 + begin) != PFLOW_EINVAL) return PFLOW_ESTATE;
  return 0;
}

START_TEST(a_body_without_a_sentence_gets_one) {
  for (size_t threads = 1; threads <= 3; threads++) {
    pflow_pool *pool = make_pool(threads);
    for (int round = 0; round < 20; round++) {
      pflow_err rc = pflow_parallel_for(pool, 60, 10, fail_silently, NULL);
      ck_assert_int_eq((int)rc, -77);
      ck_assert_str_eq(pflow_errmsg(), "a loop's body returned -77 for items from 50");
    }
    pflow_pool_destroy(pool);
  }
}
END_TEST

/* A table whose rows are filled by loops inside a loop. */
typedef struct table {
  pflow_pool *pool;
  size_t row;
  atomic_int (*cells)[60];
} table;

static int fill_cells(size_t begin, size_t end, void *user) {
  table *self = user;
  for (size_t i = begin; i < end; i++)
    atomic_fetch_add(&self->cells[self->row][i], 1);
  return 0;
}

static int fill_rows(size_t begin, size_t end, void *user) {
  table row = *(table *)user;
  for (row.row = begin; row.row < end; row.row++) {
    pflow_err rc = pflow_parallel_for(row.pool, 60, 7, fill_cells, &row);
    if (rc != PFLOW_OK) return rc;
  }
  return 0;
}

/* Number of cells that were not filled exactly once, or -1 if the loop failed. */
static int fill_table(pflow_pool *pool) {
  atomic_int cells[50][60];
  memset(cells, 0, sizeof cells);
  table self = {pool, 0, cells};
  if (pflow_parallel_for(pool, 50, 3, fill_rows, &self) != PFLOW_OK) return -1;
  int wrong = 0;
  for (size_t i = 0; i < 50; i++)
    for (size_t k = 0; k < 60; k++)
      wrong += atomic_load(&cells[i][k]) != 1;
  return wrong;
}

START_TEST(loops_nest) {
  pflow_pool *pool = make_pool(3);
  for (int round = 0; round < 20; round++)
    ck_assert_int_eq(fill_table(pool), 0);
  ck_assert_int_eq(fill_table(NULL), 0);
  pflow_pool_destroy(pool);
}
END_TEST

/* A caller of its own: a pool, and what went wrong with it. */
typedef struct caller {
  pthread_t thread;
  pflow_pool *pool;
  int wrong;
} caller;

static void *use_pool(void *user) {
  caller *self = user;
  for (int round = 0; round < 50; round++)
    self->wrong |= fill_table(self->pool);
  return NULL;
}

START_TEST(callers_may_share_a_pool) {
  pflow_pool *pools[] = {make_pool(3), NULL};
  for (size_t k = 0; k < 2; k++) {
    caller callers[6];
    for (size_t i = 0; i < 6; i++) {
      callers[i] = (caller){.pool = pools[k]};
      ck_assert_int_eq(pthread_create(&callers[i].thread, NULL, use_pool, &callers[i]),
                       0);
    }
    for (size_t i = 0; i < 6; i++) {
      ck_assert_int_eq(pthread_join(callers[i].thread, NULL), 0);
      ck_assert_int_eq(callers[i].wrong, 0);
    }
  }
  pflow_pool_destroy(pools[0]);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* In a child there are no workers: its loops must neither hang nor lose a chunk. */
static int child_main(pflow_pool *pool) {
  int wrong = fill_table(pool);
  pflow_pool_destroy(pool);
  return wrong != 0;
}

static int fork_in_loop(size_t begin, size_t end, void *user) {
  (void)end;
  if (begin != 3) return 0;
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(child_main(user));
  }
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child) return PFLOW_ETHREAD;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : PFLOW_ETHREAD;
}

START_TEST(a_forked_child_works) {
  pflow_pool *pools[] = {make_pool(3), NULL};
  for (size_t k = 0; k < 2; k++) {
    check_visits(pools[k], 100, 1);
    ck_assert_int_eq(fork_in_loop(3, 4, pools[k]), 0);
    ck_ok(pflow_parallel_for(pools[k], 8, 1, fork_in_loop, pools[k]));
    check_visits(pools[k], 100, 1);
  }
  pflow_pool_destroy(pools[0]);
}
END_TEST

static void *use_default_pool_forever(void *user) {
  atomic_int *rounds = user;
  while (fill_table(NULL) == 0)
    atomic_fetch_add(rounds, 1);
  abort();
}

/* The default pool's threads end with the process, whoever still uses them. */
START_TEST(the_process_may_end_while_a_thread_runs_loops) {
  for (int round = 0; round < 5; round++) {
    pid_t child = fork();
    if (child == 0) {
      static atomic_int rounds;
      pthread_t thread;
      alarm(20);
      setenv("PFLOW_THREADS", "3", 1);
      if (pthread_create(&thread, NULL, use_default_pool_forever, &rounds) != 0) _exit(1);
      while (atomic_load(&rounds) < 10)
        usleep(100);
      exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}
END_TEST

START_TEST(environment_sets_the_default) {
  const char *texts[] = {"3", "1", "0", "-4", "many", "3x", "", "100000000000000000000"};
  const size_t wants[] = {3, 1, 0, 0, 0, 0, 0, 0}; /* 0: the number of processors */
  unsetenv("PFLOW_THREADS");
  pflow_pool *pool = make_pool(0);
  size_t processors = pflow_pool_threads(pool);
  ck_assert_uint_ge(processors, 1);
  pflow_pool_destroy(pool);
  for (size_t i = 0; i < 8; i++) {
    setenv("PFLOW_THREADS", texts[i], 1);
    pool = make_pool(0);
    ck_assert_uint_eq(pflow_pool_threads(pool), wants[i] ? wants[i] : processors);
    pflow_pool_destroy(pool);
  }
  setenv("PFLOW_THREADS", "3", 1);
  ck_assert_uint_eq(pflow_pool_threads(NULL), 3);
}
END_TEST

START_TEST(bad_calls_are_named) {
  pflow_pool *pool = NULL;
  ck_fails(pflow_pool_create(NULL, 1), PFLOW_ENULL, "pool");
  ck_fails(pflow_pool_create(&pool, PFLOW_MAX_THREADS + 1), PFLOW_EINVAL, "257 threads");
  ck_assert_ptr_null(pool);
  ck_fails(pflow_parallel_for(NULL, 1, 1, NULL, NULL), PFLOW_ENULL, "body");
  pflow_pool_destroy(NULL);
}
END_TEST

int main(void) {
  return run_tests(
      "threads",
      TESTS(each_index_is_visited_once, short_loops_in_quick_succession,
            threads_work_at_the_same_time, the_lowest_failure_reaches_the_caller,
            a_body_without_a_sentence_gets_one, loops_nest, callers_may_share_a_pool,
            a_forked_child_works, the_process_may_end_while_a_thread_runs_loops,
            environment_sets_the_default, bad_calls_are_named));
}
