/*
 * json_load.h - JSON texts, read by jansson, where memory may run out.
 *
 * jansson's lexer keeps the token that it is at in a buffer that doubles. Where the
 * buffer cannot grow it leaves out the characters that have no room and goes on (its
 * issue 362, open in 2.14): numbers lose digits without a word, assertions end the
 * process, and of a string that lost its end it copies what lies behind the buffer. Here
 * the buffer grows in front of the text, in a string of no meaning, where a loss is seen.
 * The string's own end could be lost only if memory that was there a moment ago were gone
 * for hundreds of tries in a row and back for the next one: other threads, or an
 * allocator of json_set_alloc_funcs that has a limit of its own, could bring that about.
 *
 * Free of the rest of libpflow: the command reads with it as well.
 */
#ifndef PF_IO_JSON_LOAD_H
#define PF_IO_JSON_LOAD_H

#include <jansson.h>
#include <stddef.h>

/*
 * Parses a text that is one object or array without repeated keys, no longer than
 * INT_MAX / 4 bytes and no deeper than 2,047 levels; free it with json_decref. Besides
 * the value it takes up to 8 times the length, 6 KiB at least, for a while. Thread-safe.
 * NULL: *error has what is wrong and, in position, at which byte; no text in it stands
 * for memory that ran out.
 */
json_t *pf_json_load(const char *text, size_t length, json_error_t *error);

#endif
