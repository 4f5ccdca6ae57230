#include "map_report.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/json_out.h"
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
  printf("\n  rows       %zu of %zu values, mapped to %zu\n", info->rows, info->in_dim,
         info->out_dim);
}

static void print_settings(const pflow_map_info *info) {
  printf("  dims       %zu principal coordinates of %zu\n", info->dims, info->in_dim);
  printf("  aug        %.6g augmented dimensions\n", info->aug_dim);
  printf("  start      %.6g times the nearest neighbour's distance\n"
         "  heights    from %.3g to %.3g at strength 1\n",
         info->start, info->r0, info->r1);
  printf("  strength   %.6g\n", info->strength);
  if (info->sources) printf("  sources    %zu rows\n", info->sources);
  printf("  seed       %" PRIu64 "\n", info->seed);
}

static const char *score_name(pflow_map_objective objective) {
  switch (objective) {
  case PFLOW_MAP_KNN:
    return "accuracy of 10 neighbours";
  case PFLOW_MAP_LINEAR:
    return "accuracy of a linear probe";
  default:
    return "distance of the uniformity from its ideal";
  }
}

/* Scores are better when larger; that of neighbours is a distance with its sign turned.
 */
static double score_shown(const pflow_map_info *info, double score) {
  return info->objective == PFLOW_MAP_NEIGHBOURS ? -score : score;
}

static void print_choice(const pflow_map_info *info) {
  char text[512];
  if (!info->trials) return;
  snprintf(
      text, sizeof text,
      "%zu settings tried on held-out rows; %s: %.4g as mapped, "
      "%.4g as the rows were%s",
      info->trials, score_name(info->objective), score_shown(info, info->score_after),
      score_shown(info, info->score_before),
      info->objective == PFLOW_MAP_NEIGHBOURS
          ? " (settings whose flow loses too many of the 10 nearest neighbours do not "
            "count)"
          : "");
  printf("  chosen     ");
  print_wrapped(text, 13);
  if (!info->leave_alone) return;
  printf("  advice     ");
  print_wrapped("leave these features alone: no setting that was tried does better on "
                "held-out rows than the rows as they are.",
                13);
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
  printf("  fit took   %.3g s\n", info->seconds);
}

/* ---- JSON ---- */

static void put_choice(json_t *object, const pflow_map_info *info) {
  json_t *choice = json_out_object();
  put_text(choice, "objective", pflow_map_objective_name(info->objective));
  put_size(choice, "trials", info->trials);
  put_real(choice, "score_before", info->score_before);
  put_real(choice, "score_after", info->score_after);
  put_bool(choice, "leave_alone", info->leave_alone);
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

static void put_settings(json_t *object, const pflow_map_info *info) {
  put_size(object, "dims", info->dims);
  put_real(object, "aug", info->aug_dim);
  put_real(object, "start", info->start);
  put_real(object, "strength", info->strength);
  put_real(object, "nearest", info->nearest);
  put_real(object, "scale", info->scale);
  put_real(object, "r0", info->r0);
  put_real(object, "r1", info->r1);
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
