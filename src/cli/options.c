#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "cli/wrap.h"

enum { most_options = 64, first_code = 256 };

static void *member(void *values, const option_spec *option) {
  return (char *)values + option->offset;
}

static const void *member_const(const void *values, const option_spec *option) {
  return (const char *)values + option->offset;
}

/* ---- values ---- */

/* "--dims wants a whole number from 1 to 64 or auto, got "x"" */
static int refuse_number(const option_spec *option, const char *text) {
  const bool whole = option->kind == count_option;
  return say_misused("--%s wants a %s from %.15g to %.15g%s%s, got \"%s\"", option->name,
                     whole ? "whole number" : "number", option->least, option->most,
                     option->has_zero ? " or 0" : "", option->has_auto ? " or auto" : "",
                     text);
}

/* Digits only: strtoull would take a sign and blanks. */
static bool read_whole(const char *text, uint64_t *value) {
  char *end;
  if (!isdigit((unsigned char)*text)) return false;
  errno = 0;
  *value = strtoull(text, &end, 10);
  return *end == 0 && errno == 0;
}

static int set_count(const option_spec *option, const char *text, size_t *value) {
  uint64_t number;
  if (!read_whole(text, &number) || number > SIZE_MAX) return refuse_number(option, text);
  const bool inside = (double)number >= option->least && (double)number <= option->most;
  if (!inside && !(option->has_zero && number == 0)) return refuse_number(option, text);
  *value = (size_t)number;
  return status_ok;
}

static int set_seed(const option_spec *option, const char *text, uint64_t *value) {
  if (!read_whole(text, value) || *value > INT64_MAX)
    return say_misused("--%s wants a whole number from 0 to %" PRId64 ", got \"%s\"",
                       option->name, INT64_MAX, text);
  return status_ok;
}

static int set_real(const option_spec *option, const char *text, double *value) {
  char *end;
  const double number = strtod(text, &end);
  const bool whole_text = *text != 0 && !isspace((unsigned char)*text) && *end == 0;
  if (!whole_text || !(number >= option->least && number <= option->most))
    return refuse_number(option, text);
  *value = number;
  return status_ok;
}

static bool has_choices(const option_spec *option) {
  return option->value && strchr(option->value, '|') != NULL;
}

/* True when text is one of the words of "a|b|c". */
static bool is_choice(const char *choices, const char *text) {
  const size_t length = strlen(text);
  for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
    if (length > 0 && strncmp(at, text, length) == 0 &&
        (at[length] == '|' || at[length] == 0))
      return true;
  return false;
}

static int set_text(const option_spec *option, const char *text, const char **value) {
  if (option->kind == text_option && has_choices(option) &&
      !is_choice(option->value, text))
    return say_misused("--%s wants one of %s, got \"%s\"", option->name, option->value,
                       text);
  if (*text == 0) return say_misused("--%s wants a value, got \"\"", option->name);
  *value = text;
  return status_ok;
}

static void set_auto(const option_spec *option, void *at) {
  if (option->kind == count_option)
    *(size_t *)at = (size_t)option->auto_value;
  else
    *(double *)at = option->auto_value;
}

static int set_option(const option_spec *option, void *values, const char *text) {
  void *at = member(values, option);
  if (option->has_auto && strcmp(text, "auto") == 0) {
    set_auto(option, at);
    return status_ok;
  }
  switch (option->kind) {
  case flag_option:
    *(int *)at = 1;
    return status_ok;
  case count_option:
    return set_count(option, text, at);
  case seed_option:
    return set_seed(option, text, at);
  case real_option:
    return set_real(option, text, at);
  default:
    return set_text(option, text, at);
  }
}

/* ---- help ---- */

/* The default of an option, or "" where it has none to show. */
static void format_default(const command *self, const option_spec *option, char *text,
                           size_t size) {
  const void *at = member_const(self->defaults, option);
  const char *word = option->kind == text_option ? *(const char *const *)at : NULL;
  text[0] = 0;
  if (option->kind == count_option && option->has_auto &&
      (double)*(const size_t *)at == option->auto_value)
    word = "auto";
  if (option->kind == real_option && option->has_auto &&
      *(const double *)at == option->auto_value)
    word = "auto";
  if (word)
    snprintf(text, size, " [%s]", word);
  else if (option->kind == count_option)
    snprintf(text, size, " [%zu]", *(const size_t *)at);
  else if (option->kind == seed_option)
    snprintf(text, size, " [%" PRIu64 "]", *(const uint64_t *)at);
  else if (option->kind == real_option)
    snprintf(text, size, " [%.12g]", *(const double *)at);
}

static void print_option(const command *self, const option_spec *option) {
  enum { indent = 26 };
  char left[160], right[768], shown[96] = "";
  snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "",
           option->value ? option->value : "");
  if (!option->required) format_default(self, option, shown, sizeof shown);
  snprintf(right, sizeof right, "%s%s", option->help,
           option->required ? " (needed)" : shown);
  if (printf("  %-*s", indent - 2, left) > indent) printf("\n%*s", indent, "");
  print_wrapped(right, indent);
}

/* A program that is one command has that command's name. */
static void print_usage(const command *self) {
  const char *form = self->usage, *host = say_host();
  if (host && strcmp(host, self->name) == 0) host = NULL;
  for (const char *word = "usage:"; form; word = "      ") {
    char text[512];
    const size_t length = strcspn(form, "\n");
    const int column =
        printf("%s %s%s%s ", word, host ? host : "", host ? " " : "", self->name);
    snprintf(text, sizeof text, "%.*s", (int)length, form);
    print_wrapped(text, column);
    form = form[length] ? form + length + 1 : NULL;
  }
}

void options_help(const command *self) {
  print_usage(self);
  putchar('\n');
  for (const char *part = self->about; part;) {
    char text[2048];
    const size_t length = strcspn(part, "\n");
    snprintf(text, sizeof text, "%.*s", (int)length, part);
    print_wrapped(text, 0);
    part = part[length] ? part + length + 1 : NULL;
  }
  putchar('\n');
  for (size_t i = 0; i < self->option_count; i++)
    print_option(self, &self->options[i]);
  printf("  %-24s%s\n", "--help", "this text");
}

/* ---- reading ---- */

static void fill_words(const command *self, struct option *words) {
  memset(words, 0, (most_options + 2) * sizeof *words);
  for (size_t i = 0; i < self->option_count; i++) {
    const option_spec *option = &self->options[i];
    const int takes = option->kind == flag_option ? no_argument : required_argument;
    words[i] = (struct option){option->name, takes, NULL, first_code + (int)i};
  }
  words[self->option_count] = (struct option){"help", no_argument, NULL, 'h'};
}

/* Whether a word, with its dashes, begins the name of an option. */
static bool begins_option(const command *self, const char *word, size_t length) {
  if (length <= 2) return false;
  for (size_t i = 0; i < self->option_count; i++)
    if (strncmp(self->options[i].name, word + 2, length - 2) == 0) return true;
  return false;
}

/* What getopt_long could not take: a long word, or one letter. */
static int refuse_word(const command *self, int code, const char *word) {
  const char letter[] = {'-', (char)optopt, 0};
  const size_t length = strcspn(word, "=");
  if (code == ':') return say_misused("%s wants a value", word);
  if (optopt >= first_code || (optopt == 'h' && word[1] == '-'))
    return say_misused("%.*s takes no value", (int)length, word);
  if (optopt > 0) return say_misused("unknown option %s", letter);
  return say_misused("%s option %.*s",
                     begins_option(self, word, length) ? "ambiguous" : "unknown",
                     (int)length, word);
}

/* A file in the place of a word was most likely meant for --in. */
static int refuse_rest(const command *self, const bool *given, const char *word) {
  for (size_t i = 0; i < self->option_count; i++)
    if (strcmp(self->options[i].name, "in") == 0 && !given[i])
      return say_misused("unexpected word \"%s\", rows are given by --in", word);
  return say_misused("unexpected word \"%s\"", word);
}

static int read_rest(const command *self, void *values, const bool *given, int count,
                     char **words) {
  if (count > (self->takes_file ? 1 : 0))
    return refuse_rest(self, given, words[self->takes_file ? 1 : 0]);
  if (!self->takes_file) return status_ok;
  if (count == 0 || *words[0] == 0) return say_misused("a file is needed");
  *(const char **)(void *)((char *)values + self->file_offset) = words[0];
  return status_ok;
}

static int check_required(const command *self, const bool *given) {
  for (size_t i = 0; i < self->option_count; i++) {
    const option_spec *option = &self->options[i];
    if (option->required && !given[i])
      return say_misused("--%s %s is needed", option->name, option->value);
  }
  return status_ok;
}

int options_read(const command *self, void *values, int argc, char **argv, bool *ended) {
  struct option words[most_options + 2];
  bool given[most_options] = {false};
  fill_words(self, words);
  *ended = false;
  optind = 0;
  for (int code; (code = getopt_long(argc, argv, ":h", words, NULL)) != -1;) {
    if (code == 'h') {
      options_help(self);
      *ended = true;
      return say_flush();
    }
    if (code < first_code) return refuse_word(self, code, argv[optind - 1]);
    given[code - first_code] = true;
    try_status(set_option(&self->options[code - first_code], values, optarg));
  }
  try_status(read_rest(self, values, given, argc - optind, argv + optind));
  return check_required(self, given);
}
