/*
 * extras.h - measures of rows that compare does not take.
 */
#ifndef EXPERIMENT_EXTRAS_H
#define EXPERIMENT_EXTRAS_H

#include "compare/measures.h"
#include "values.h"

/*
 * Fills what needs no foreign rows:
 *   linear_train     accuracy on the train rows of the probe of `strength`
 *   alignment        mean squared distance of two test rows of a class, at unit length;
 *                    each row with the one of its class before it
 *   trustworthiness, continuity   of the test rows, from what they were
 *   hubs, antihubs   shares of the test rows
 * A measure that fails leaves NaN.
 */
void extras_take(const arena *rows, const mapped *made, double strength,
                 double value[value_count]);

#endif
