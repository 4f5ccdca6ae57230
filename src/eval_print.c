/*
 * eval_print.c - the measures as a table for people, and as JSON.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/json_out.h"
#include "cli/say.h"
#include "eval.h"

/* ---- table ---- */

static void print_line(const char *name, double value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Name, value, and what to make of it. */
static void print_line(const char *name, double value, const char *format, ...) {
  va_list args;
  if (isfinite(value))
    printf("  %-26s%9.4f  ", name, value);
  else
    printf("  %-26s%9s  ", name, "-");
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  putchar('\n');
}

static void print_input(const input *rows) {
  printf("%s: %zu row%s of %zu value%s", rows->path, rows->of, plural(rows->of),
         rows->dim, plural(rows->dim));
  if (rows->chosen) printf(", a sample of %zu measured", rows->n);
  putchar('\n');
}

static void print_geometry(const eval_data *data, const eval_measures *m) {
  print_line("uniformity", m->uniformity, "lower is more uniform, ideal %.4f", m->ideal);
  if (data->test.x)
    print_line("  of the test rows", m->test_uniformity, "%s", data->test.path);
  print_line("effective rank", m->effective_rank, "of %zu", data->rows.dim);
  print_line("intrinsic dimension", m->two_nn,
             isfinite(m->mle) ? "two nearest; %.1f by %zu nearest" : "two nearest",
             m->mle, m->mle_k);
  print_line("nearest neighbour", m->nearest, "median distance");
  print_line("hubness", m->hubness,
             "skewness of the %zu-occurrence; %.1f %% hubs, %.1f %% antihubs", data->k,
             100.0 * m->hubs, 100.0 * m->antihubs);
}

static void print_labels(const eval_data *data, const eval_measures *m) {
  const bool tested = data->test.labels != NULL;
  printf("\nwith %zu label%s\n", data->rows.classes, plural(data->rows.classes));
  print_line("alignment", m->alignment,
             "mean square distance of unit rows of a label, one random pair a row");
  print_line("accuracy of neighbours", m->knn, "vote of %zu, %s", data->k,
             tested ? "test rows" : "each row by the others");
  print_line("accuracy of linear probe", m->probe, "%zu rows, on %zu %s", m->trained,
             m->tested, tested ? "test rows" : "held out of them");
  print_line("  log-likelihood loss", m->probe_nll, "nats");
  print_line("accuracy of 1 shot", m->one_shot, "nearest centroid");
  print_line("accuracy of 5 shots", m->five_shot, "nearest centroid");
  print_line("k-means NMI", m->nmi, "%zu clusters", data->rows.classes);
}

static void print_reference(const eval_data *data, const eval_measures *m) {
  printf("\nagainst %s\n", data->reference.path);
  print_line("neighbours kept", m->kept, "share of the %zu nearest", data->k);
  print_line("trustworthiness", m->trustworthiness, "1: no new neighbours from afar");
  print_line("continuity", m->continuity, "1: no neighbours sent afar");
  print_line("recall of 1-bit codes", m->recall_bit, "%d nearest of %zu queries", eval_k,
             m->queries);
  print_line("recall of 8-bit codes", m->recall_byte, "%d nearest of %zu queries", eval_k,
             m->queries);
}

static int print_table(const eval_data *data, const eval_measures *m) {
  print_input(&data->rows);
  print_geometry(data, m);
  if (data->rows.labels) print_labels(data, m);
  if (data->reference.x) print_reference(data, m);
  return say_flush();
}

/* ---- JSON ---- */

static void put_geometry(json_t *to, const eval_measures *m) {
  put_real(to, "uniformity", m->uniformity);
  put_real(to, "uniformity_ideal", m->ideal);
  put_real(to, "effective_rank", m->effective_rank);
  put_real(to, "intrinsic_dim", m->two_nn);
  put_real(to, "intrinsic_dim_mle", m->mle);
  put_real(to, "nearest", m->nearest);
  put_real(to, "hubness", m->hubness);
  put_real(to, "hubs", m->hubs);
  put_real(to, "antihubs", m->antihubs);
}

static json_t *labels_json(const eval_data *data, const eval_measures *m) {
  json_t *to = json_out_object();
  put_size(to, "classes", data->rows.classes);
  put_real(to, "alignment", m->alignment);
  put_real(to, "knn", m->knn);
  put_real(to, "linear", m->probe);
  put_real(to, "linear_nll", m->probe_nll);
  put_real(to, "one_shot", m->one_shot);
  put_real(to, "five_shot", m->five_shot);
  put_real(to, "kmeans_nmi", m->nmi);
  put_size(to, "train_rows", m->trained);
  put_size(to, "test_rows", m->tested);
  put_bool(to, "held_out", m->held_out);
  return to;
}

static json_t *reference_json(const eval_data *data, const eval_measures *m) {
  json_t *to = json_out_object();
  put_text(to, "file", data->reference.path);
  put_real(to, "neighbours_kept", m->kept);
  put_real(to, "trustworthiness", m->trustworthiness);
  put_real(to, "continuity", m->continuity);
  put_real(to, "recall_1bit", m->recall_bit);
  put_real(to, "recall_8bit", m->recall_byte);
  put_size(to, "queries", m->queries);
  return to;
}

static int print_json(const eval_data *data, const eval_measures *m) {
  json_t *to = json_out_object();
  put_text(to, "file", data->rows.path);
  put_size(to, "rows", data->rows.of);
  put_size(to, "rows_measured", data->rows.n);
  put_size(to, "dim", data->rows.dim);
  put_size(to, "k", data->k);
  put_geometry(to, m);
  if (data->test.x) put_real(to, "test_uniformity", m->test_uniformity);
  if (data->rows.labels) put_json(to, "labels", labels_json(data, m));
  if (data->reference.x) put_json(to, "reference", reference_json(data, m));
  return json_out_print(to);
}

int eval_print(const eval_data *data, const eval_measures *measured, bool json) {
  return json ? print_json(data, measured) : print_table(data, measured);
}
