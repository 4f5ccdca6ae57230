/*
 * json_out.h - the one JSON object that --json prints.
 *
 * Members are put without a look at each: one that could not be made is remembered, and
 * json_out_print refuses then.
 */
#ifndef CLI_JSON_OUT_H
#define CLI_JSON_OUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

json_t *json_out_object(void);
json_t *json_out_array(void);

/* A number that is not finite becomes null: JSON has no other word for it. */
void put_real(json_t *object, const char *key, double value);
void put_size(json_t *object, const char *key, size_t value);
void put_seed(json_t *object, const char *key, uint64_t value);
void put_bool(json_t *object, const char *key, int value);

/* Text that is no UTF-8, as a path may be, gets a ? for each byte that is no ASCII. NULL
 * becomes null. */
void put_text(json_t *object, const char *key, const char *value);

/* An object or array into another, which takes it over. */
void put_json(json_t *object, const char *key, json_t *value);
void add_json(json_t *array, json_t *value);

/* Prints to standard output, and lets go of the object. Returns a status. */
int json_out_print(json_t *object);

#endif
