/*
 * map_report.h - what is known of a fitted map, for people and as JSON.
 */
#ifndef PFLOW_MAP_REPORT_H
#define PFLOW_MAP_REPORT_H

#include <jansson.h>
#include <pflow.h>

void map_report_print(const pflow_map_info *info);

/* A new object. */
json_t *map_report_json(const pflow_map_info *info);

#endif
