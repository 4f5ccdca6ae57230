#include "values.h"

static const char *const keys[value_count] = {
    [train_linear_value] = "linear_train",
    [alignment_value] = "alignment",
    [trust_value] = "trustworthiness",
    [continuity_value] = "continuity",
    [hubs_value] = "hubs",
    [antihubs_value] = "antihubs",
    [foreign_value] = "foreign_auroc",
    [density_value] = "density_auroc",
};

const char *value_key(size_t which) {
  return which < column_count ? column_about((column)which)->key : keys[which];
}

bool value_by_row(size_t which) {
  return which < column_count ? column_about((column)which)->by_row
                              : which == foreign_value || which == density_value;
}
