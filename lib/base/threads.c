/*
 * threads.c - a pool of threads that share out the chunks of one loop at a time.
 *
 * Workers wait for loops: a short while awake, because short loops come one after another
 * and to wake a sleeper can cost more than such a loop, then asleep on a condition
 * variable. A loop is opened under the lock; a worker that sees it while it is open
 * enters it, takes chunks from an atomic counter and leaves. The caller takes chunks too,
 * closes the loop and waits for those that entered, so a worker that wakes late holds
 * nobody up.
 */
#include "pflow/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

/* How long a thread waits awake, in nanoseconds, and how many looks go by unclocked. */
enum { awake_time = 200000, looks = 64 };

/* One parallel-for, on the caller's stack. */
typedef struct loop {
  pflow_range_fn body;
  void *user;
  size_t n, grain, chunks;
  atomic_size_t next;
  atomic_bool ended; /* a chunk returned non-zero: start no more */
  pthread_mutex_t failure_lock;
  size_t failed_chunk;
  int result; /* of failed_chunk; 0 while there is none */
  char message[pf_message_size];
} loop;

struct pflow_pool {
  size_t threads; /* the caller's included */
  pid_t owner;    /* a forked child has no workers */
  atomic_bool busy;
  pthread_mutex_t lock;
  pthread_cond_t work, idle;
  loop *open; /* the loop that workers may enter; this and what follows change under the
                 lock, the atomic ones are also looked at without it */
  atomic_size_t round;  /* number of the loop, so that no worker enters one twice */
  atomic_size_t inside; /* workers in the loop */
  atomic_bool ending;
  pthread_t worker[PFLOW_MAX_THREADS];
};

static void record_result(loop *self, size_t chunk, int result) {
  pthread_mutex_lock(&self->failure_lock);
  if (self->result == 0 || chunk < self->failed_chunk) {
    self->failed_chunk = chunk;
    self->result = result;
    pf_message_get(self->message);
  }
  pthread_mutex_unlock(&self->failure_lock);
  atomic_store(&self->ended, true);
}

static void run_chunks(loop *self) {
  while (!atomic_load(&self->ended)) {
    size_t chunk = atomic_fetch_add(&self->next, 1);
    if (chunk >= self->chunks) return;
    size_t begin = chunk * self->grain;
    size_t left = self->n - begin;
    size_t end = begin + (left < self->grain ? left : self->grain);
    pf_callback_begin();
    int result = self->body(begin, end, self->user);
    if (result != 0) record_result(self, chunk, result);
  }
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Tells the processor that this is a loop that waits. */
static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

typedef bool (*pool_test)(const pflow_pool *pool, size_t round);

static bool has_changed(const pflow_pool *pool, size_t round) {
  return atomic_load(&pool->round) != round || atomic_load(&pool->ending);
}

static bool is_idle(const pflow_pool *pool, size_t round) {
  (void)round;
  return atomic_load(&pool->inside) == 0;
}

/* Waits awake for a test to hold, awake_time at most. Whoever else wants the processor
 * gets it. */
static void wait_awake(const pflow_pool *pool, pool_test test, size_t round) {
  const int64_t end = now() + awake_time;
  do {
    for (size_t i = 0; i < looks; i++) {
      if (test(pool, round)) return;
      relax();
    }
    sched_yield();
  } while (now() < end);
}

/*
 * Waits for something to happen after round `seen`, asleep in the end. The loop that a
 * worker should enter, or NULL; the worker then counts as inside.
 */
static loop *next_loop(pflow_pool *pool, size_t *seen) {
  wait_awake(pool, has_changed, *seen);
  pthread_mutex_lock(&pool->lock);
  if (!has_changed(pool, *seen)) pthread_cond_wait(&pool->work, &pool->lock);
  loop *open = pool->round != *seen ? pool->open : NULL;
  *seen = pool->round;
  if (open) pool->inside++;
  pthread_mutex_unlock(&pool->lock);
  return open;
}

static void leave_loop(pflow_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  if (--pool->inside == 0) pthread_cond_signal(&pool->idle);
  pthread_mutex_unlock(&pool->lock);
}

static void *worker_main(void *argument) {
  pflow_pool *pool = argument;
  size_t seen = 0;
  while (!atomic_load(&pool->ending)) {
    loop *open = next_loop(pool, &seen);
    if (!open) continue;
    run_chunks(open);
    leave_loop(pool);
  }
  return NULL;
}

static void join_workers(pflow_pool *pool, size_t workers) {
  pthread_mutex_lock(&pool->lock);
  pool->ending = true;
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->lock);
  for (size_t i = 0; i < workers; i++)
    pthread_join(pool->worker[i], NULL);
}

static void pool_stop(pflow_pool *pool, size_t workers) {
  join_workers(pool, workers);
  pthread_cond_destroy(&pool->work);
  pthread_cond_destroy(&pool->idle);
  pthread_mutex_destroy(&pool->lock);
}

static pflow_err pool_start(pflow_pool *pool, size_t threads) {
  pool->threads = threads;
  pool->owner = getpid();
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->idle, NULL);
  for (size_t i = 0; i + 1 < threads; i++) {
    if (pthread_create(&pool->worker[i], NULL, worker_main, pool) == 0) continue;
    pool_stop(pool, i);
    return pf_fail(PFLOW_ETHREAD, "thread %zu of %zu could not be started", i + 2,
                   threads);
  }
  return PFLOW_OK;
}

static size_t default_threads(void) {
  const char *text = getenv("PFLOW_THREADS");
  if (text) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*text && !*end && value >= 1 && value <= PFLOW_MAX_THREADS) return (size_t)value;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef CPU_COUNT
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) online = CPU_COUNT(&set);
#endif
  if (online < 1) return 1;
  return online < PFLOW_MAX_THREADS ? (size_t)online : PFLOW_MAX_THREADS;
}

/* The default pool lives in static memory, so that it never counts as a live block. */
static pflow_pool default_pool;
static pthread_once_t default_once = PTHREAD_ONCE_INIT;

static void default_pool_build(void) {
  if (pool_start(&default_pool, default_threads()) < 0) default_pool.threads = 1;
}

/*
 * Joins the default workers when the process ends or the library is unloaded. The lock
 * stays: a thread that outlives main, or a later destructor, may still run loops, alone.
 */
__attribute__((destructor)) static void default_pool_end(void) {
  pflow_pool *pool = &default_pool;
  if (pool->threads > 1 && pool->owner == getpid()) join_workers(pool, pool->threads - 1);
}

static pflow_pool *pool_or_default(pflow_pool *pool) {
  if (pool) return pool;
  pthread_once(&default_once, default_pool_build);
  return &default_pool;
}

pflow_err pflow_pool_create(pflow_pool **pool, size_t threads) {
  pf_need(pool);
  *pool = NULL;
  if (threads > PFLOW_MAX_THREADS)
    return pf_fail(PFLOW_EINVAL, "pflow_pool_create: %zu threads, at most %d", threads,
                   PFLOW_MAX_THREADS);
  pflow_pool *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  pflow_err rc = pool_start(made, threads ? threads : default_threads());
  if (rc < 0) {
    pflow_free(made);
    return rc;
  }
  *pool = made;
  return PFLOW_OK;
}

void pflow_pool_destroy(pflow_pool *pool) {
  if (!pool) return;
  if (pool->owner == getpid()) pool_stop(pool, pool->threads - 1);
  pflow_free(pool);
}

size_t pflow_pool_threads(const pflow_pool *pool) {
  return pool ? pool->threads : pool_or_default(NULL)->threads;
}

/* The loop's result, with the sentence that its body left or else one of our own. */
static pflow_err loop_result(const loop *self) {
  if (self->result > 0) return PFLOW_STOPPED;
  if (self->result == 0) return PFLOW_OK;
  if (!*self->message)
    return pf_fail((pflow_err)self->result,
                   "a loop's body returned %d for items from %zu", self->result,
                   self->failed_chunk * self->grain);
  pf_message_set(self->message);
  return (pflow_err)self->result;
}

/* Opens the loop to the workers, takes part, and waits until the last has left. */
static void run_shared(pflow_pool *pool, loop *self) {
  pthread_mutex_lock(&pool->lock);
  pool->open = self;
  pool->round++;
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->lock);
  run_chunks(self);
  pthread_mutex_lock(&pool->lock);
  pool->open = NULL;
  pthread_mutex_unlock(&pool->lock);
  wait_awake(pool, is_idle, 0);
  pthread_mutex_lock(&pool->lock);
  while (pool->inside > 0)
    pthread_cond_wait(&pool->idle, &pool->lock);
  pthread_mutex_unlock(&pool->lock);
}

bool pf_pool_is_busy(pflow_pool *pool) {
  return atomic_load(&pool_or_default(pool)->busy);
}

pflow_err pflow_parallel_for(pflow_pool *pool, size_t n, size_t grain,
                             pflow_range_fn body, void *user) {
  pf_need(body);
  if (n == 0) return PFLOW_OK;
  if (grain == 0) grain = 1;
  loop self = {.body = body, .user = user, .n = n, .grain = grain};
  self.chunks = n / grain + (n % grain != 0);
  pthread_mutex_init(&self.failure_lock, NULL);
  pool = pool_or_default(pool);
  bool alone = self.chunks == 1 || pool->threads == 1 || pool->owner != getpid() ||
               atomic_load(&pool->busy); /* to look costs less than to try and fail */
  if (alone || atomic_exchange(&pool->busy, true)) {
    run_chunks(&self);
  } else {
    run_shared(pool, &self);
    atomic_store(&pool->busy, false);
  }
  pthread_mutex_destroy(&self.failure_lock);
  return loop_result(&self);
}
