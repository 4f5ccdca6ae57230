/*
 * error.c - the thread's last message, code texts, and the small checks that use them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

static _Thread_local char last_message[pf_message_size];

/* By way of a copy, as the arguments may hold the present message. */
void pf_message_format(const char *format, ...) {
  char message[pf_message_size];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  pf_message_set(message);
}

void pf_message_get(char message[pf_message_size]) {
  memcpy(message, last_message, pf_message_size);
}

/* Names out of files and paths may hold what a terminal would obey, or a new line. */
void pf_message_set(const char *message) {
  snprintf(last_message, sizeof last_message, "%s", message);
  for (char *at = last_message; *at; at++)
    if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
}

const char *pflow_errmsg(void) {
  return last_message;
}

const char *pflow_strerror(pflow_err code) {
  switch (code) {
#define pf_error_text(name, number, text)                                                \
  case name:                                                                             \
    return text;
    PFLOW_ERROR_LIST(pf_error_text)
#undef pf_error_text
  }
  return "unknown result code";
}

const char *pflow_version(void) {
  return PFLOW_VERSION;
}

pflow_err pf_mul(size_t *out, size_t a, size_t b, const char *what) {
  if (__builtin_mul_overflow(a, b, out))
    return pf_fail(PFLOW_EOVERFLOW, "%s: %zu * %zu overflows", what, a, b);
  return PFLOW_OK;
}

pflow_err pf_add(size_t *out, size_t a, size_t b, const char *what) {
  if (__builtin_add_overflow(a, b, out))
    return pf_fail(PFLOW_EOVERFLOW, "%s: %zu + %zu overflows", what, a, b);
  return PFLOW_OK;
}

pflow_err pf_config_read(void *full, size_t full_size, const void *given,
                         const char *name) {
  if (!given) return PFLOW_OK;
  size_t given_size;
  memcpy(&given_size, given, sizeof given_size);
  if (given_size < sizeof given_size || given_size > 65536)
    return pf_fail(PFLOW_EINVAL, "%s: struct_size is %zu; was the _init call forgotten?",
                   name, given_size);
  memcpy(full, given, given_size < full_size ? given_size : full_size);
  memcpy(full, &full_size, sizeof full_size);
  return PFLOW_OK;
}

pflow_err pf_check_setting(bool ok, const char *name, double value,
                           const char *condition) {
  if (ok) return PFLOW_OK;
  return pf_fail(PFLOW_EINVAL, "%s is %g, wants %s", name, value, condition);
}

void pf_callback_begin(void) {
  last_message[0] = 0;
}

pflow_err pf_callback_result(int result, const char *what) {
  if (result == 0) return PFLOW_OK;
  if (result > 0) return PFLOW_STOPPED;
  const char *own = last_message;
  return pf_fail(PFLOW_ECALLBACK, "%s returned %d%s%s", what, result, *own ? ": " : "",
                 own);
}
