#include "compare/column.h"

static const column_info columns[column_count] = {
    [col_uniformity] = {"uniformity", "uniformity",
                        "Wang and Isola's uniformity of the test rows' directions: less "
                        "is more uniform.",
                        1, 3, 0, false, true},
    [col_ideal] = {"uniformity_ideal", "ideal",
                   "The uniformity of rows that are uniform on the sphere of as many "
                   "dimensions.",
                   1, 3, 0, false, true},
    [col_gap] = {"uniformity_gap", "gap", "Uniformity above its ideal; 0 is uniform.", 1,
                 3, -1, false, true},
    [col_hubness] = {"hubness", "hubness",
                     "Skewness of how often a test row is among the 10 nearest of "
                     "another; far above 0, a few rows crowd most lists.",
                     1, 2, -1, false, true},
    [col_rank] = {"effective_rank", "eff. rank",
                  "Effective number of dimensions that the test rows vary in.", 1, 1, 1,
                  false, true},
    [col_kept] = {"neighbours_kept", "kept %",
                  "Share of a test row's 10 nearest training rows that are so after the "
                  "transform as well.",
                  100, 1, 1, true, false},
    [col_round_trip] = {"round_trip", "round trip",
                        "Error of the way there and back, relative to the rows' lengths.",
                        1, -2, -1, false, false},
    [col_fit] = {"fit_seconds", "fit s", "Time of the fit in seconds.", 1, 2, -1, false,
                 false},
    [col_transform] = {"transform_microseconds", "us/row",
                       "Time to transform a test row, in microseconds.", 1, 1, -1, false,
                       false},
    [col_knn] = {"knn", "kNN %", "Accuracy of the vote of the 10 nearest training rows.",
                 100, 1, 1, true, true},
    [col_linear] = {"linear", "linear %",
                    "Accuracy of logistic regression, its strength chosen by "
                    "cross-validation.",
                    100, 1, 1, true, true},
    [col_nll] = {"linear_nll", "NLL",
                 "Mean negative log-likelihood of that regression, in nats: less is "
                 "better.",
                 1, 3, -1, true, true},
    [col_shot_1] =
        {"one_shot", "1-shot %",
         "Accuracy of the nearest of one labelled row a class, over 100 draws.", 100, 1,
         1, true, true},
    [col_shot_5] =
        {"five_shot", "5-shot %",
         "Accuracy of the nearest mean of five labelled rows a class, over 100 "
         "draws.",
         100, 1, 1, true, true},
    [col_bit] = {"recall_1bit", "1-bit %",
                 "Share of the 10 nearest rows of the original features that a search by "
                 "one bit a value finds among its first 10.",
                 100, 1, 1, true, true},
    [col_byte] = {"recall_8bit", "8-bit %", "The same with eight bits a value.", 100, 1,
                  1, true, true},
    [col_nmi] = {"kmeans_nmi", "k-means NMI",
                 "Normalised mutual information of the classes and k-means clusters of "
                 "the test rows.",
                 1, 3, 1, false, true},
};

const column_info *column_about(column which) {
  return &columns[which];
}
