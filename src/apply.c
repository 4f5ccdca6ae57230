#include "apply.h"

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/say.h"

/* Rows of a block, fewer where they are long; and rows that are mapped between two looks
 * for an interrupt. */
enum { most_rows = 8192, most_floats = 1 << 23, rows_at_once = 1024 };

int apply_open(apply_map *self, const char *path, double strength, size_t threads) {
  pflow_map_work_config config;
  *self = (apply_map){.path = path};
  interrupt_watch();
  try_library(pflow_pool_create(&self->pool, threads));
  try_library(pflow_map_load(&self->map, path, self->pool));
  pflow_map_work_config_init(&config);
  config.strength = strength;
  return say_result_of(path, pflow_map_work_create(&self->work, self->map, &config));
}

void apply_close(apply_map *self) {
  pflow_map_work_destroy(self->work);
  pflow_map_destroy(self->map);
  pflow_pool_destroy(self->pool);
}

/* What a run holds. */
typedef struct run {
  const apply_map *map;
  const apply_job *job;
  pflow_rows *in; /* or NULL */
  pflow_rows_writer *out;
  size_t n, block;
  float *x, *y;
} run;

static int open_input(run *self) {
  const apply_job *job = self->job;
  self->n = job->n;
  if (!job->in) return status_ok;
  try_library(pflow_rows_open(&self->in, job->in));
  self->n = pflow_rows_count(self->in);
  if (pflow_rows_dim(self->in) == job->in_dim) return status_ok;
  const size_t dim = pflow_rows_dim(self->in);
  return say_failed("%s has %zu column%s, %s wants %zu", job->in, dim, plural(dim),
                    self->map->path, job->in_dim);
}

static int make_buffers(run *self) {
  const apply_job *job = self->job;
  const size_t widest = job->in_dim > job->out_dim ? job->in_dim : job->out_dim;
  self->block = most_floats / widest < most_rows ? most_floats / widest : most_rows;
  if (self->block == 0) self->block = 1;
  if (self->block > self->n) self->block = self->n;
  self->y = say_alloc(self->block, job->out_dim * sizeof *self->y);
  if (!self->y) return status_failed;
  if (!self->in) return status_ok;
  self->x = say_alloc(self->block, job->in_dim * sizeof *self->x);
  return self->x ? status_ok : status_failed;
}

static int say_refused(const run *self, pflow_err rc) {
  return say_result_of(self->in ? self->job->in : self->map->path, rc);
}

/* Rows `first` of the file and on, which are rows `at` and on of the block. */
static int map_some(run *self, size_t first, size_t at, size_t n) {
  const apply_job *job = self->job;
  const float *x = self->in ? self->x + at * job->in_dim : NULL;
  pflow_map_work_count_from(self->map->work, first);
  const pflow_err rc =
      job->step(self->map, x, first, n, self->y + at * job->out_dim, job->user);
  return rc < 0 ? say_refused(self, rc) : interrupt_status();
}

static int step(run *self, size_t first, size_t n) {
  if (self->in) try_library(pflow_rows_read_finite(self->in, first, n, self->x));
  for (size_t i = 0, some; i < n; i += some) {
    some = n - i < rows_at_once ? n - i : rows_at_once;
    try_status(map_some(self, first + i, i, some));
  }
  try_library(pflow_rows_append(self->out, self->y, n));
  return status_ok;
}

static int run_steps(run *self) {
  progress bar;
  int status = status_ok;
  progress_begin_quiet(&bar, self->job->title, self->n);
  for (size_t i = 0, n; i < self->n && status == status_ok; i += n) {
    n = self->n - i < self->block ? self->n - i : self->block;
    status = step(self, i, n);
    if (status == status_ok) progress_rate(&bar, i + n, "rows");
  }
  if (status == status_ok) progress_end(&bar);
  return status;
}

static int run_all(run *self) {
  try_status(open_input(self));
  try_status(make_buffers(self));
  try_library(pflow_rows_create(&self->out, self->job->out, self->n, self->job->out_dim));
  const int status = run_steps(self);
  if (status != status_ok) {
    pflow_rows_discard(self->out);
    return status;
  }
  try_library(pflow_rows_commit(self->out));
  return status_ok;
}

int apply_run(const apply_map *self, const apply_job *job) {
  run made = {.map = self, .job = job};
  const int status = run_all(&made);
  pflow_rows_close(made.in);
  pflow_free(made.x);
  pflow_free(made.y);
  return status;
}
