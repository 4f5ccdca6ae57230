#include "map_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/json_out.h"
#include "cli/say.h"
#include "cli/wrap.h"

static bool is_poisson(const pflow_map_info *info) {
  return info->method == PFLOW_MAP_POISSON && info->field != PFLOW_MAP_POST;
}

static bool is_learned(const pflow_map_info *info) {
  return is_poisson(info) && info->field == PFLOW_MAP_NETWORK;
}

/* ---- text ---- */

static void print_heading(const pflow_map_info *info) {
  printf("  method     %s", pflow_map_method_name(info->method));
  if (info->method == PFLOW_MAP_POISSON)
    printf(", %s field, target %s", pflow_map_field_name(info->field),
           pflow_map_target_name(info->target));
  printf("\n  rows       %zu of %zu value%s, mapped to %zu\n", info->rows, info->in_dim,
         plural(info->in_dim), info->out_dim);
}

/* The heights are those of a flow: the rows of a map that leaves them alone have none. */
static bool is_identity(const pflow_map_info *info) {
  return info->r0 == 0.0;
}

static void print_settings(const pflow_map_info *info) {
  if (is_identity(info)) {
    printf("  flow       none: the map changes nothing\n  seed       %" PRIu64 "\n",
           info->seed);
    return;
  }
  printf("  dims       %zu principal coordinate%s of %zu\n", info->dims,
         info->dims == 1 ? "" : "s", info->in_dim);
  printf("  aug        %.6g augmented dimension%s\n", info->aug_dim,
         info->aug_dim == 1.0 ? "" : "s");
  printf("  start      %.6g times the nearest neighbour's distance\n"
         "  heights    the flow goes from %.3g to %.3g at strength 1\n",
         info->start, info->r0, info->r1);
  printf("  strength   %.6g\n", info->strength);
  if (info->sources) printf("  sources    %zu rows\n", info->sources);
  printf("  seed       %" PRIu64 "\n", info->seed);
}

/* "  name       text", the text wrapped. */
static void print_item(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print_item(const char *name, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  printf("  %-11s", name);
  print_wrapped(text, 13);
}

static bool by_neighbours(const pflow_map_info *info) {
  return info->objective == PFLOW_MAP_NEIGHBOURS;
}

/* A map that leaves the rows alone has none of the settings that were tried. */
static const char *mapped_by(const pflow_map_info *info) {
  return is_identity(info) ? "by the best setting" : "as mapped";
}

static void print_goal(const pflow_map_info *info) {
  if (by_neighbours(info))
    print_item("goal",
               "the uniformity that is nearest to its ideal, of the settings that "
               "keep enough neighbours");
  else
    print_item("goal", "accuracy of %s: %.4g %s, %.4g as the rows are",
               info->objective == PFLOW_MAP_KNN ? "10 neighbours" : "a linear probe",
               info->score_after, mapped_by(info), info->score_before);
}

static void print_kept(const pflow_map_info *info) {
  char wanted[80] = "";
  if (by_neighbours(info))
    snprintf(wanted, sizeof wanted, "; at least %.1f %% are wanted%s",
             100.0 * info->least_kept,
             info->kept < info->least_kept ? ", which no setting gives" : "");
  print_item("kept", "%.1f %% of the 10 nearest neighbours of held-out rows%s",
             100.0 * info->kept, wanted);
}

static void print_verdict(const pflow_map_info *info) {
  static const char *const words[2][2] = {
      {"the map does better than the rows as they are",
       "leave these features alone: no setting that was tried does better than the rows "
       "as they are, by more than a standard error"},
      {"the map is more uniform than the rows as they are, and keeps enough neighbours",
       "leave these features alone: no setting that was tried is more uniform than the "
       "rows as they are and keeps enough neighbours"}};
  print_item("verdict",
             "%s. That is about %s held-out rows; for other uses run pflow "
             "compare on rows with labels.",
             words[by_neighbours(info)][info->leave_alone != 0],
             by_neighbours(info) ? "uniformity and neighbours of" : "this accuracy on");
}

static void print_choice(const pflow_map_info *info) {
  if (!info->trials) {
    if (is_poisson(info))
      print_item("verdict", "none: all settings were given, and no rows were held out to "
                            "judge them by");
    return;
  }
  print_item("tried",
             "%zu settings on held-out rows; a setting is a value for each of "
             "dims, aug, start and strength",
             info->trials);
  print_goal(info);
  print_item("uniformity",
             "%.4g %s (ideal %.4g), %.4g as the rows are (ideal %.4g, "
             "of their %zu value%s)",
             info->uniformity_after, mapped_by(info), info->ideal_after,
             info->uniformity_before, info->ideal_before, info->in_dim,
             plural(info->in_dim));
  print_kept(info);
  print_verdict(info);
}

static void print_errors(const pflow_map_info *info) {
  printf("  training   %zu steps, last loss %.4g\n", info->steps, info->loss);
  printf("  error of the learned field against the exact one, medians:\n"
         "      height   relative error   cosine\n");
  for (size_t i = 0; i < PFLOW_MAP_HEIGHTS; i++)
    printf("    %8.3g   %14.4f   %6.4f\n", info->height[i], info->error[i],
           info->cosine[i]);
}

void map_report_print(const pflow_map_info *info) {
  print_heading(info);
  if (is_poisson(info)) print_settings(info);
  print_choice(info);
  if (is_learned(info)) print_errors(info);
  printf(info->seconds < 9.995 ? "  fit took   %.2f s\n" : "  fit took   %.1f s\n",
         info->seconds);
}

/* ---- JSON ---- */

/* "after" is as mapped; a map that leaves the rows alone has what was best of what it
 * rejected under a name of its own. */
static void put_choice(json_t *object, const pflow_map_info *info) {
  json_t *choice = json_out_object();
  json_t *best = is_identity(info) ? json_out_object() : choice;
  put_text(choice, "objective", pflow_map_objective_name(info->objective));
  put_size(choice, "trials", info->trials);
  put_real(choice, "score_before", info->score_before);
  put_bool(choice, "leave_alone", info->leave_alone);
  put_real(choice, "uniformity_before", info->uniformity_before);
  put_real(choice, "ideal_before", info->ideal_before);
  put_real(best, "score_after", info->score_after);
  put_real(best, "uniformity_after", info->uniformity_after);
  put_real(best, "ideal_after", info->ideal_after);
  put_real(best, "kept", info->kept);
  put_real(best, "least_kept", info->least_kept);
  if (best != choice) put_json(choice, "best_rejected", best);
  put_json(object, "choice", choice);
}

static void put_errors(json_t *object, const pflow_map_info *info) {
  json_t *errors = json_out_array();
  for (size_t i = 0; i < PFLOW_MAP_HEIGHTS; i++) {
    json_t *at = json_out_object();
    put_real(at, "height", info->height[i]);
    put_real(at, "error", info->error[i]);
    put_real(at, "cosine", info->cosine[i]);
    add_json(errors, at);
  }
  put_size(object, "steps", info->steps);
  put_real(object, "loss", info->loss);
  put_json(object, "field_error", errors);
}

/* A map that changes nothing has no flow, so no settings of one. */
static void put_settings(json_t *object, const pflow_map_info *info) {
  if (is_identity(info)) return;
  put_size(object, "dims", info->dims);
  put_real(object, "aug", info->aug_dim);
  put_real(object, "start", info->start);
  put_real(object, "strength", info->strength);
  put_real(object, "nearest", info->nearest);
  put_real(object, "scale", info->scale);
  put_real(object, "r0", info->r0);
  put_real(object, "r1", info->r1);
  put_real(object, "r_low", info->r_low);
  put_size(object, "sources", info->sources);
}

json_t *map_report_json(const pflow_map_info *info) {
  json_t *object = json_out_object();
  put_text(object, "method", pflow_map_method_name(info->method));
  if (info->method == PFLOW_MAP_POISSON) {
    put_text(object, "field", pflow_map_field_name(info->field));
    put_text(object, "target", pflow_map_target_name(info->target));
  }
  put_size(object, "rows", info->rows);
  put_size(object, "in_dim", info->in_dim);
  put_size(object, "out_dim", info->out_dim);
  put_seed(object, "seed", info->seed);
  if (is_poisson(info)) put_settings(object, info);
  if (info->trials) put_choice(object, info);
  if (is_learned(info)) put_errors(object, info);
  put_real(object, "seconds", info->seconds);
  return object;
}
