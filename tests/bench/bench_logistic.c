/*
 * bench_logistic - seconds of one fit of multinomial logistic regression to clustered
 * rows, c 1, to the default tolerance.
 *
 * usage: bench_logistic [ROWS DIM CLASSES [X.npy LABELS.npy]]
 *        the median of three; of a file, all rows
 */
#include <stdio.h>

#include "bench.h"
#include "cli/progress.h"
#include "clusters.h"
#include "common/must.h"

enum { runs = 3 };

int main(int argc, char **argv) {
  const size_t n = bench_argument(argc, argv, 1, 50000),
               dim = bench_argument(argc, argv, 2, 128);
  const size_t classes = bench_argument(argc, argv, 3, 10);
  if (classes < 2) fail("CLASSES >= 2");
  labelled rows =
      argc > 5 ? clusters_load(argv[4], argv[5]) : clusters_make(n, dim, classes);
  int32_t *labels = must_alloc(rows.n, sizeof *labels);
  pflow_logistic *model = NULL;
  pflow_logistic_report report;
  double seconds[runs], accuracy;
  for (size_t i = 0; i < runs; i++) {
    pflow_logistic_destroy(model);
    double started = now_seconds();
    must(pflow_logistic_fit(&model, rows.x, rows.labels, rows.n, rows.dim, rows.classes,
                            NULL, &report));
    seconds[i] = now_seconds() - started;
  }
  must(pflow_logistic_predict(model, rows.x, rows.n, rows.dim, labels));
  must(pflow_accuracy(labels, rows.labels, rows.n, &accuracy));
  fprintf(stderr, "%zu iterations, objective %.12g, accuracy %.4f\n", report.iterations,
          report.objective, accuracy);
  bench_report(bench_median(seconds, runs), 0.0);
  pflow_logistic_destroy(model);
  pflow_free(labels);
  clusters_free(&rows);
  return 0;
}
