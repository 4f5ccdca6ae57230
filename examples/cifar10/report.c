#include "report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "draw/plot.h"
#include "training.h"

/* ---- table ---- */

/* Text that grows by formatted pieces up to a fixed room. */
typedef struct text_page {
  char text[16384];
  size_t used;
} text_page;

static void add_text(text_page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_text(text_page *page, const char *format, ...) {
  va_list args;
  va_start(args, format);
  size_t room = sizeof page->text - page->used;
  int wrote = vsnprintf(page->text + page->used, room, format, args);
  va_end(args);
  if (wrote < 0 || (size_t)wrote >= room) fail("the table is too long");
  page->used += (size_t)wrote;
}

static void add_rows(text_page *page, const arm_table *table, int from_post) {
  for (size_t i = 0; i < table->count; i++) {
    const arm *row = &table->arm[i];
    if (row->from_post != from_post) continue;
    const char *mark = row->refitted && !row->converged ? " *" : "";
    add_text(page, "| %s%-*s | %6.2f | %6.2f | %8.4f |\n", row->name,
             26 - (int)strlen(row->name), mark, 100.0 * row->train, 100.0 * row->test,
             row->uniformity);
  }
}

static int any_unconverged(const arm_table *table) {
  for (size_t i = 0; i < table->count; i++)
    if (table->arm[i].refitted && !table->arm[i].converged) return 1;
  return 0;
}

static void add_notes(text_page *page, const experiment *self) {
  const arm_table *table = self->table;
  const flow_report *flow = &table->train_flow;
  add_text(page,
           "\nAccuracies in %%. Uniformity: ln mean exp(-2 d^2) over pairs of normalised "
           "test rows;\nits least value for %d dimensions is %.4f.\n",
           FEATURE_DIM, table->ideal);
  if (any_unconverged(table))
    add_text(page, "* the refit reached --probe-iters before its tolerance.\n");
  add_text(page,
           "Flow of the train rows: %s, smallest cosine of field and clock %.2g, "
           "%llu sign crossings\nin %zu of %zu rows, %llu capped evaluations, %zu rows "
           "did not arrive.\n",
           self->opts->ode, flow->clock.smallest,
           (unsigned long long)flow->clock.crossings, flow->clock.rows_crossed,
           table->raw.n_train, (unsigned long long)flow->clock.capped,
           flow->ode.failed + flow->ode.limited);
}

void report_table(const experiment *self) {
  text_page *page = must_alloc(1, sizeof *page);
  char path[4096];
  add_text(page, "%s, %zu train and %zu test images, preset %s, width %g, %zu epoch%s, ",
           self->data->name, self->table->raw.n_train, self->table->raw.n_test,
           self->opts->preset, self->opts->width, self->enc->epochs,
           self->enc->epochs == 1 ? "" : "s");
  add_text(page, "seed %llu\n\n", (unsigned long long)self->opts->seed);
  add_text(page, "| %-26s | %6s | %6s | %8s |\n|---|---:|---:|---:|\n", "the post's rows",
           "train", "test", "uniform.");
  add_rows(page, self->table, 1);
  add_text(page, "| **controls** | | | |\n");
  add_rows(page, self->table, 0);
  add_notes(page, self);
  printf("\n%s", page->text);
  options_out_path(self->opts, path, sizeof path, "table.md");
  must(pflow_file_write(path, page->text, page->used));
  pflow_free(page);
}

/* ---- JSON ---- */

static json_t *arms_json(const arm_table *table) {
  json_t *list = json_array();
  for (size_t i = 0; i < table->count; i++) {
    const arm *row = &table->arm[i];
    json_t *object = json_pack("{s:s, s:b, s:f, s:f, s:f}", "name", row->name,
                               "from_post", row->from_post, "train_accuracy", row->train,
                               "test_accuracy", row->test, "uniformity", row->uniformity);
    if (row->refitted)
      json_object_set_new(object, "refit",
                          json_pack("{s:b, s:I}", "converged", row->converged,
                                    "iterations", (json_int_t)row->iterations));
    json_array_append_new(list, object);
  }
  return list;
}

static json_t *field_json(const flow_field *field) {
  json_t *loss = json_array();
  for (size_t i = 0; i < field->epochs; i++)
    json_array_append_new(loss, json_real(field->loss[i]));
  return json_pack("{s:o, s:f, s:f}", "loss", loss, "m_max", field->m_max, "seconds",
                   field->seconds);
}

void report_json(const experiment *self) {
  const arm_table *table = self->table;
  char path[4096];
  json_t *flow =
      json_pack("{s:o, s:o, s:o}", "train", flow_report_json(&table->train_flow), "test",
                flow_report_json(&table->test_flow), "untrained",
                flow_report_json(&table->untrained_flow));
  json_t *root = json_pack(
      "{s:s, s:s, s:I, s:I, s:o, s:o, s:f, s:o, s:o, s:o}", "pflow_version",
      pflow_version(), "dataset", self->data->name, "train_images",
      (json_int_t)table->raw.n_train, "test_images", (json_int_t)table->raw.n_test,
      "options", options_json(self->opts), "rows", arms_json(table), "uniformity_ideal",
      table->ideal, "flow", flow, "encoder", training_history_json(self->enc), "field",
      field_json(self->field));
  char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
  if (!text) fail("the results cannot be written as JSON (a value is not finite)");
  options_out_path(self->opts, path, sizeof path, "results.json");
  size_t length = strlen(text);
  text[length] = '\n'; /* in place of the terminator */
  must(pflow_file_write(path, text, length + 1));
  free(text);
  json_decref(root);
}

/* ---- pictures ---- */

/* Numbers start, start + 1, ... n of them. */
static double *count_from(double start, size_t n) {
  double *values = must_alloc(n, sizeof *values);
  for (size_t i = 0; i < n; i++)
    values[i] = start + (double)i;
  return values;
}

static void loss_panel(plot *p, const double *epoch, const double *loss,
                       const encoder *enc) {
  plot_range range = {0.5, (double)enc->epochs + 0.5, 0.0, 0.0};
  plot_widen(loss, enc->epochs, &range.y0, &range.y1);
  plot_panel(p, 0, "encoder: training loss", "epoch", "cross entropy", range);
  plot_line(p, epoch, loss, enc->epochs, 0);
  plot_dots(p, epoch, loss, NULL, enc->epochs, 2.5);
}

static void accuracy_panel(plot *p, const double *epoch, const double *train,
                           const double *test, const encoder *enc) {
  plot_panel(p, 1, "encoder: accuracy", "epoch", "%",
             (plot_range){0.5, (double)enc->epochs + 0.5, 0.0, 100.0});
  plot_line(p, epoch, train, enc->epochs, 0);
  plot_line(p, epoch, test, enc->epochs, 1);
  plot_legend(p, -2, 0, "train (as trained)"); /* where curves that rise do not end */
  plot_legend(p, -1, 1, "test");
}

static void encoder_panels(plot *p, const encoder *enc) {
  size_t n = enc->epochs;
  double *epoch = count_from(1.0, n);
  double *loss = must_alloc(n, sizeof *loss);
  double *train = must_alloc(n, sizeof *train);
  double *test = must_alloc(n, sizeof *test);
  for (size_t i = 0; i < n; i++) {
    loss[i] = enc->history[i].loss;
    train[i] = 100.0 * enc->history[i].train_accuracy;
    test[i] = 100.0 * enc->history[i].test_accuracy;
  }
  loss_panel(p, epoch, loss, enc);
  accuracy_panel(p, epoch, train, test, enc);
  pflow_free(test);
  pflow_free(train);
  pflow_free(loss);
  pflow_free(epoch);
}

static void field_panel(plot *p, const flow_field *field) {
  double *epoch = count_from(1.0, field->epochs);
  plot_range range = {0.0, (double)field->epochs + 1.0, 0.0, 0.0};
  plot_widen(field->loss, field->epochs, &range.y0, &range.y1);
  plot_panel(p, 2, "field network: training loss", "epoch", "mean squared error", range);
  plot_line(p, epoch, field->loss, field->epochs, 2);
  pflow_free(epoch);
}

/* First two principal coordinates of the test rows, as x and y. */
static void principal_plane(const feature_set *set, double *x, double *y) {
  pflow_affine *pca;
  pflow_affine_config config;
  pflow_affine_config_init(&config);
  config.out_dim = 2;
  must(pflow_affine_fit(&pca, PFLOW_AFFINE_PCA, set->test, set->n_test, set->dim,
                        &config));
  float *plane = must_alloc(2 * set->n_test, sizeof *plane);
  must(pflow_affine_apply(pca, set->test, set->n_test, plane));
  for (size_t i = 0; i < set->n_test; i++) {
    x[i] = plane[2 * i];
    y[i] = plane[2 * i + 1];
  }
  pflow_free(plane);
  pflow_affine_destroy(pca);
}

static void scatter_panel(plot *p, int index, const char *title, const feature_set *set) {
  enum { most = 4000 };
  double *x = must_alloc(set->n_test, sizeof *x);
  double *y = must_alloc(set->n_test, sizeof *y);
  plot_range range = {0};
  principal_plane(set, x, y);
  plot_widen(x, set->n_test, &range.x0, &range.x1);
  plot_widen(y, set->n_test, &range.y0, &range.y1);
  plot_panel(p, index, title, "first principal coordinate", "second", range);
  size_t shown = set->n_test < most ? set->n_test : most;
  plot_dots(p, x, y, set->test_labels, shown, shown < 1000 ? 2.4 : 1.6);
  for (size_t c = 0; c < set->classes; c++) {
    char text[24];
    snprintf(text, sizeof text, "%zu", c);
    plot_legend(p, (int)c, (int)c, text);
  }
  pflow_free(y);
  pflow_free(x);
}

void report_pictures(const experiment *self) {
  char path[4096];
  plot picture;
  options_out_path(self->opts, path, sizeof path, "loss.png");
  plot_begin(&picture, path, 3, 420, 340);
  encoder_panels(&picture, self->enc);
  field_panel(&picture, self->field);
  must_do(plot_end(&picture));
  options_out_path(self->opts, path, sizeof path, "features.png");
  plot_begin(&picture, path, 2, 560, 520);
  scatter_panel(&picture, 0, "test features before the flow", &self->table->raw);
  scatter_panel(&picture, 1, "after the flow", &self->table->flowed);
  must_do(plot_end(&picture));
}
