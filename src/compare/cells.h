/*
 * cells.h - the tables of a comparison as cells of text, printed plainly, as Markdown or
 * in a page.
 */
#ifndef COMPARE_CELLS_H
#define COMPARE_CELLS_H

#include <stdio.h>

#include "compare/entrant.h"

enum { cell_size = 64 };

typedef enum cell_mark { no_mark, best_mark, better_mark, worse_mark } cell_mark;

typedef struct cell {
  char text[cell_size];
  cell_mark mark;
} cell;

/* Rows of cells, the first being the head; the first column holds names. */
typedef struct grid {
  const char *title;
  size_t rows, columns;
  const column *shown; /* what each column after the first one is of */
  cell *cells;
} grid;

/* Geometry and costs; uses; differences from "none" with intervals, in two parts. */
enum { grid_count = 4 };

/* A table of all entrants. Returns a status. */
int cells_make(grid *self, const roster *all, size_t which);
void cells_free(grid *self);

cell *cells_at(const grid *self, size_t row, size_t at);

/* A value as tables show it; "-" where there is none. */
void cells_value(char text[cell_size], column which, double value);

/* A mark as a character: '*' best, '+' better, '-' worse, ' '. */
char cells_mark(cell_mark mark);

void cells_print(const grid *self, FILE *out);
void cells_print_markdown(const grid *self, FILE *out);

#endif
