/*
 * map.h - a map, its workspace, and the ways that they are made of.
 *
 * A way is one method of mapping rows; its state hangs on the map, its buffers on the
 * workspace. map.c has what all ways share: settings, checks, and pieces of rows.
 */
#ifndef LIBPFLOW_MAP_INSIDE_H
#define LIBPFLOW_MAP_INSIDE_H

#include "base/base.h"
#include "pflow/affine.h"
#include "pflow/map.h"

/* The rows of a fit, checked. */
typedef struct pf_map_rows {
  const float *x;
  const int32_t *labels; /* or NULL */
  size_t n, dim;
} pf_map_rows;

/* Any but transform may be NULL: there is nothing to do, or no such thing. */
typedef struct pf_map_way {
  /* Fits the map's state, and fills in what it knows of the map's info. */
  pflow_err (*fit)(pflow_map *map, const pf_map_rows *rows);
  void (*destroy)(void *state);
  /* Buffers of a workspace. */
  pflow_err (*work_create)(pflow_map_work *work);
  void (*work_destroy)(void *buffers);
  /* At most the workspace's max_rows rows, checked. */
  pflow_err (*transform)(const pflow_map *map, pflow_map_work *work, const float *x,
                         size_t n, float *y);
  pflow_err (*inverse)(const pflow_map *map, pflow_map_work *work, const float *y,
                       size_t n, float *x);
  /* Rows `first` on of the list of a seed. */
  pflow_err (*sample)(const pflow_map *map, pflow_map_work *work, uint64_t seed,
                      uint64_t first, size_t n, float *x);
  /* The state in an archive; get has the map's info and config, and checks against it. */
  pflow_err (*put)(const pflow_map *map, pflow_archive *archive);
  pflow_err (*get)(pflow_map *map, const pflow_archive *archive);
} pf_map_way;

struct pflow_map {
  pflow_map_config config;
  pflow_map_info info;
  const pf_map_way *way; /* NULL before the fit */
  void *state;           /* the way's */
  double started;        /* seconds, for progress */
};

struct pflow_map_work {
  const pflow_map *map;
  size_t max_rows;
  double strength, rtol;
  size_t count_from; /* number of a call's first row, for messages */
  size_t first;      /* the same of the piece's */
  void *buffers;     /* the way's */
};

/* The way of a method and field. */
const pf_map_way *pf_map_way_of(pflow_map_method method, pflow_map_field field);

extern const pf_map_way pf_map_none, pf_map_affine, pf_map_l2, pf_map_quantile,
    pf_map_poisson, pf_map_post;

/* Tells on_progress; PFLOW_STOPPED or PFLOW_ECALLBACK to end the fit. */
pflow_err pf_map_report(const pflow_map *map, const char *stage, size_t done,
                        size_t total);

/* PFLOW_EFORMAT unless a state that was read maps rows of these sizes, as info says. */
pflow_err pf_map_check_sizes(const pflow_map *map, const pflow_archive *archive,
                             size_t in_dim, size_t out_dim);

/* PFLOW_EFORMAT unless a transform that was read is of the kind that the map goes by. */
pflow_err pf_map_check_kind(const pflow_archive *archive, const pflow_affine *affine,
                            pflow_affine_kind kind);

#endif
