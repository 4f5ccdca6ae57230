/*
 * report.h - what the experiment leaves behind: table.md, results.json, two pictures.
 */
#ifndef CIFAR10_REPORT_H
#define CIFAR10_REPORT_H

#include "arms.h"

/* All that a report is made of. */
typedef struct experiment {
  const options *opts;
  const dataset *data;
  const encoder *enc;
  const flow_field *field;
  const arm_table *table;
} experiment;

/* Prints the table and writes it to OUT/table.md. */
void report_table(const experiment *self);

/* OUT/results.json: settings, history, every row, flow statistics, times. */
void report_json(const experiment *self);

/* OUT/loss.png and OUT/features.png. */
void report_pictures(const experiment *self);

#endif
