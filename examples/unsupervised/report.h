/*
 * report.h - what a run leaves behind: the printed table, table.md and results.json.
 */
#ifndef UNSUPERVISED_REPORT_H
#define UNSUPERVISED_REPORT_H

#include "encoder.h"
#include "table.h"

/* Prints the table and writes it to OUT/table.md. */
void report_table(const table *rows, const dataset *data);

/* OUT/results.json: settings, history, every row with its map. */
void report_json(const table *rows, const dataset *data, const encoder *enc);

#endif
