/*
 * eval_labels.c - measures of rows with labels: on test rows, or on some that are held
 * out where there are none.
 */
#include <math.h>
#include <string.h>

#include "cli/say.h"
#include "eval.h"

/* ---- neighbours ---- */

/* The most frequent of k labels, the smallest of equals. */
static int32_t vote(const int32_t *labels, const size_t *near, size_t k) {
  size_t best = 0;
  int32_t winner = 0;
  for (size_t i = 0; i < k; i++) {
    const int32_t label = labels[near[i]];
    size_t votes = 0;
    for (size_t j = 0; j < k; j++)
      votes += labels[near[j]] == label;
    if (votes < best || (votes == best && label >= winner)) continue;
    best = votes;
    winner = label;
  }
  return winner;
}

static void vote_within(const eval_data *data, eval_measures *to) {
  const input *rows = &data->rows;
  size_t right = 0;
  for (size_t i = 0; i < rows->n; i++)
    right += vote(rows->labels, data->near + i * data->k, data->k) == rows->labels[i];
  to->knn = (double)right / (double)rows->n;
}

static int vote_test(const eval_data *data, eval_measures *to) {
  const pflow_labelled known = input_labelled(&data->rows);
  const input *test = &data->test;
  int32_t *labels = say_alloc(test->n, sizeof *labels);
  if (!labels) return status_failed;
  pflow_err rc = pflow_knn_predict(&known, test->x, test->n, data->k, labels, data->pool);
  if (rc >= 0) rc = pflow_accuracy(labels, test->labels, test->n, &to->knn);
  pflow_free(labels);
  return say_result(rc);
}

/* ---- alignment ---- */

/* Each row's next one of the same label in a random order, round and round; itself where
 * it is alone. */
static void pair_in_order(const input *rows, const size_t *order, size_t *last,
                          size_t *first, size_t *other) {
  for (size_t at = rows->n; at-- > 0;) {
    const size_t i = order[at], label = (size_t)rows->labels[i];
    other[i] = last[label] ? last[label] - 1 : i;
    last[label] = i + 1;
    if (!first[label]) first[label] = i + 1;
  }
  for (size_t c = 0; c < rows->classes; c++)
    if (first[c]) other[first[c] - 1] = last[c] - 1;
}

static int pair_rows(const eval_data *data, size_t *other) {
  const input *rows = &data->rows;
  size_t *order = say_alloc(rows->n, sizeof *order);
  size_t *ends = say_alloc(rows->classes, 2 * sizeof *ends);
  if (order && ends) {
    pflow_rng rng;
    pflow_rng_init(&rng, data->seed, UINT64_C(0x636c690000000003));
    pflow_rng_permutation(&rng, order, rows->n);
    pair_in_order(rows, order, ends, ends + rows->classes, other);
  }
  const int status = order && ends ? status_ok : status_failed;
  pflow_free(order);
  pflow_free(ends);
  return status;
}

static bool unit_row(const float *x, size_t dim, float *to) {
  double square = 0.0;
  for (size_t k = 0; k < dim; k++)
    square += (double)x[k] * x[k];
  for (size_t k = 0; k < dim; k++)
    to[k] = (float)((double)x[k] / sqrt(square));
  return square > 0.0;
}

/* Pairs of unit rows; a row without a partner, or of length 0, has none. */
static size_t gather_pairs(const input *rows, const size_t *other, float *x, float *y) {
  const size_t dim = rows->dim;
  size_t n = 0;
  for (size_t i = 0; i < rows->n; i++) {
    if (other[i] == i) continue;
    if (unit_row(rows->x + i * dim, dim, x + n * dim) &&
        unit_row(rows->x + other[i] * dim, dim, y + n * dim))
      n++;
  }
  return n;
}

static int measure_alignment(const eval_data *data, eval_measures *to) {
  const input *rows = &data->rows;
  size_t *other = say_alloc(rows->n, sizeof *other);
  float *x = say_alloc(rows->n, 2 * rows->dim * sizeof *x);
  int status = x && other ? pair_rows(data, other) : status_failed;
  if (status == status_ok) {
    float *y = x + rows->n * rows->dim;
    const size_t n = gather_pairs(rows, other, x, y);
    if (n > 0)
      status = say_result(pflow_alignment(x, y, n, rows->dim, 2.0, &to->alignment));
  }
  pflow_free(other);
  pflow_free(x);
  return status;
}

/* ---- probe and few-shot ---- */

static int few_shots(const eval_data *data, const pflow_labelled *train,
                     const pflow_labelled *test, size_t shots, double *accuracy) {
  pflow_few_shot_config config;
  pflow_few_shot result = {NAN, NAN};
  pflow_few_shot_config_init(&config);
  config.shots = shots;
  config.seed = data->seed;
  config.pool = data->pool;
  const int status = eval_took(
      pflow_few_shot_accuracy(train, test, &config, &result, NULL), "few-shot accuracy");
  *accuracy = result.accuracy;
  return status;
}

static int train_and_test(const eval_data *data, const input *rows, const input *held,
                          eval_measures *to) {
  const pflow_labelled train = input_labelled(rows), test = input_labelled(held);
  pflow_probe_config config;
  pflow_probe_report report = {.accuracy = NAN, .nll = NAN};
  pflow_probe_config_init(&config);
  config.seed = data->seed;
  config.pool = data->pool;
  to->trained = rows->n;
  to->tested = held->n;
  try_status(eval_took(pflow_probe(&train, &test, &config, &report, NULL, NULL),
                       "linear probe"));
  to->probe = report.accuracy;
  to->probe_nll = report.nll;
  try_status(few_shots(data, &train, &test, 1, &to->one_shot));
  return few_shots(data, &train, &test, 5, &to->five_shot);
}

/* The numbers that are not chosen. */
static void choose_others(const size_t *chosen, size_t n, size_t of, size_t *others) {
  for (size_t i = 0, at = 0, used = 0; i < of; i++) {
    if (at < n && chosen[at] == i)
      at++;
    else
      others[used++] = i;
  }
}

static int split_and_test(const eval_data *data, const size_t *order, size_t held,
                          eval_measures *to) {
  input train, test;
  try_status(input_pick(&test, &data->rows, order, held));
  int status = input_pick(&train, &data->rows, order + held, data->rows.n - held);
  if (status == status_ok) {
    status = train_and_test(data, &train, &test, to);
    input_free(&train);
  }
  input_free(&test);
  return status;
}

/* A fifth of the rows is held out. */
static int hold_out(const eval_data *data, eval_measures *to) {
  const size_t n = data->rows.n, held = n / 5;
  if (held == 0) return status_ok;
  size_t *order = say_alloc(n, sizeof *order);
  if (!order) return status_failed;
  input_choose(order, held, n, data->seed);
  choose_others(order, held, n, order + held);
  to->held_out = true;
  const int status = split_and_test(data, order, held, to);
  pflow_free(order);
  return status;
}

/* ---- clusters ---- */

static int measure_clusters(const eval_data *data, eval_measures *to) {
  const input *rows = &data->rows;
  const pflow_features features = input_features(rows);
  pflow_kmeans_config config;
  pflow_kmeans_report report;
  int32_t *clusters = say_alloc(rows->n, sizeof *clusters);
  if (!clusters) return status_failed;
  pflow_kmeans_config_init(&config);
  config.clusters = rows->classes;
  config.seed = data->seed;
  config.pool = data->pool;
  pflow_err rc = pflow_kmeans(&features, &config, clusters, NULL, &report);
  if (rc >= 0)
    rc = pflow_nmi(clusters, rows->classes, rows->labels, rows->classes, rows->n,
                   &to->nmi);
  pflow_free(clusters);
  return eval_took(rc, "k-means");
}

int eval_labels(const eval_data *data, eval_measures *to) {
  const bool tested = data->test.labels != NULL;
  try_status(measure_alignment(data, to));
  if (tested)
    try_status(vote_test(data, to));
  else
    vote_within(data, to);
  try_status(tested ? train_and_test(data, &data->rows, &data->test, to)
                    : hold_out(data, to));
  return measure_clusters(data, to);
}
