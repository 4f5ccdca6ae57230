#include "cli/say.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *program_name, *command_name;

void say_as(const char *name, const char *command) {
  program_name = name;
  command_name = command;
}

/* The name the program was called by, where it was not told another. */
static const char *program(void) {
  return program_name ? program_name : program_invocation_short_name;
}

const char *say_host(void) {
  return program_name;
}

void say_plain(char *text) {
  for (; *text; text++)
    if (iscntrl((unsigned char)*text)) *text = '?';
}

static void say_line(const char *format, va_list args) {
  char text[8192]; /* holds a path of the greatest length */
  vsnprintf(text, sizeof text, format, args);
  say_plain(text);
  if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K"); /* over a progress bar */
  fprintf(stderr, command_name ? "%s %s: " : "%s: ", program(), command_name);
  fputs(text, stderr);
}

int say_failed(const char *format, ...) {
  va_list args;
  va_start(args, format);
  say_line(format, args);
  va_end(args);
  fputc('\n', stderr);
  return status_failed;
}

int say_misused(const char *format, ...) {
  va_list args;
  va_start(args, format);
  say_line(format, args);
  va_end(args);
  fprintf(stderr, command_name ? "; see %s %s --help\n" : "; see %s --help\n", program(),
          command_name);
  return status_misused;
}

int say_result(pflow_err rc) {
  return rc < 0 ? say_failed("%s", pflow_errmsg()) : status_ok;
}

int say_result_of(const char *path, pflow_err rc) {
  static const char module[] = "map: ";
  const char *sentence = pflow_errmsg();
  if (rc >= 0) return status_ok;
  if (strncmp(sentence, module, strlen(module)) == 0) sentence += strlen(module);
  return say_failed("%s: %s", path, sentence);
}

void say_note(const char *format, ...) {
  va_list args;
  va_start(args, format);
  say_line(format, args);
  va_end(args);
  fputc('\n', stderr);
}

int say_flush(void) {
  if (fflush(stdout) != 0 || ferror(stdout))
    return say_failed("standard output: %s", strerror(errno));
  return status_ok;
}

void *say_alloc(size_t count, size_t size) {
  static bool said;
  void *block = pflow_alloc(count, size);
  if (!block && !said) {
    say_failed("%s", pflow_errmsg());
    said = true;
  }
  return block;
}
