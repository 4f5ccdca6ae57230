/*
 * apply.h - a fitted map applied to a file of rows, block by block: what is resident is
 * the map, its workspace and two blocks.
 */
#ifndef PFLOW_APPLY_H
#define PFLOW_APPLY_H

#include <pflow.h>

/* A map that was loaded, with a workspace. */
typedef struct apply_map {
  const char *path; /* borrowed */
  pflow_pool *pool;
  pflow_map *map;
  pflow_map_work *work;
} apply_map;

/* strength PFLOW_MAP_AUTO: the map's own. Returns a status; close it after an error too.
 */
int apply_open(apply_map *self, const char *path, double strength, size_t threads);
void apply_close(apply_map *self);

/* A row's width before or after, and the rows i to i + n of a result. */
typedef struct apply_job {
  const char *title; /* of the progress bar */
  const char *in;    /* a file of rows, or NULL */
  const char *out;
  size_t n; /* rows, where there is no file */
  size_t in_dim, out_dim;
  pflow_err (*step)(const apply_map *self, const float *x, uint64_t first, size_t n,
                    float *y, const void *user);
  const void *user;
} apply_job;

/* Writes job->out, whole or not at all. Returns a status. */
int apply_run(const apply_map *self, const apply_job *job);

#endif
