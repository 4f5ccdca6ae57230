/*
 * made_by.h - where results come from.
 */
#ifndef EXPERIMENT_MADE_BY_H
#define EXPERIMENT_MADE_BY_H

#include <jansson.h>

/* Version, commit (or NULL), machine and day. */
json_t *made_by(const char *commit);

#endif
