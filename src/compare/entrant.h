/*
 * entrant.h - one of the methods that are compared: how it is made, and what came of it.
 */
#ifndef COMPARE_ENTRANT_H
#define COMPARE_ENTRANT_H

#include "compare/arena.h"
#include "compare/column.h"

enum { entrant_name = 64, entrant_note = 320, most_entrants = 24 };

typedef struct entrant {
  char name[entrant_name];
  pflow_map_method method;
  pflow_map_field field;
  double strength; /* PFLOW_MAP_AUTO: the map's choice */
  char *file;      /* of a map that is fitted already; else NULL */
  size_t repeats;  /* fits, each with a seed of its own */

  double (*values)[column_count]; /* of each fit; NaN where there is none */
  double mean[column_count], deviation[column_count];
  double *scores[column_count];            /* by_row: means over the fits */
  pflow_interval difference[column_count]; /* from "none" */
  int clear[column_count];                 /* 1 better, -1 worse, 0 may be chance */
  char note[entrant_note];
  pflow_map_info info; /* of the first fit */
  bool fitted;         /* else the note says why not, and there are no values */

  pflow_map *map; /* the first fit */
  float *mapped;  /* test rows by the first fit, where they are kept; else NULL */
  size_t mapped_dim;
} entrant;

typedef struct roster {
  entrant entrants[most_entrants]; /* "none" is the first */
  size_t count;
} roster;

/* What is compared when nobody says. */
extern const char roster_usual[];

/*
 * Reads "whiten,poisson-exact@0.5,photos.safetensors": names, with a strength for
 * Poisson maps, or files of fitted maps. "none" is put in front where it is missing.
 * Methods that draw random numbers get `seeds` repeats. Returns a status.
 */
int roster_read(roster *self, const char *list, size_t seeds);
void roster_free(roster *self);

/* Fits, transforms and measures one. keep: its map and transformed test rows are kept. A
 * method that cannot be fitted to these rows says so in its note. Returns a status. */
int entrant_run(entrant *self, arena *rows, bool keep);

/* Steps of the bar in all. */
size_t roster_steps(const roster *self);

#endif
