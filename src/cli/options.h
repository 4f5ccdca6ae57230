/*
 * options.h - a command's options as a table: getopt_long reads them, --help shows them,
 * and numbers are taken whole or not at all.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option is, and the type of the member that it sets. */
typedef enum option_kind {
  flag_option,  /* int, 1 when given */
  count_option, /* size_t */
  seed_option,  /* uint64_t, up to INT64_MAX: more than that JSON readers do not take */
  real_option,  /* double */
  text_option   /* const char *, borrowed from argv */
} option_kind;

typedef struct option_spec {
  const char *name; /* without its dashes */
  option_kind kind;
  size_t offset;      /* of the member in the command's options */
  const char *value;  /* what it takes, for --help; "a|b|c" are all words it takes */
  double least, most; /* of count and real */
  const char *help;   /* one sentence, without a capital and a full stop */
  bool required;      /* there is no default */
  bool has_zero;      /* count takes 0 as well, though it is below the least */
  bool has_auto;      /* count and real take the word "auto" as well, which sets */
  double auto_value;  /* this */
} option_spec;

typedef struct command {
  const char *name;
  const char *summary; /* for the list of all commands */
  const char *usage;   /* what follows the name, with a new line for each form */
  const char *about;   /* a paragraph or more */
  const option_spec *options;
  size_t option_count;
  bool takes_file;      /* one word without dashes, kept as const char * */
  size_t file_offset;   /* here */
  const void *defaults; /* an options struct of `size` bytes */
  size_t size;
  int (*run)(const void *options); /* returns a status */
} command;

/* Options that many commands have; `type` is the options struct, with these members. */
#define OPTION_SEED(type)                                                                \
  {                                                                                      \
    .name = "seed", .kind = seed_option, .offset = offsetof(type, seed), .value = "N",   \
    .help = "seed of everything random"                                                  \
  }
#define OPTION_THREADS(type)                                                             \
  {                                                                                      \
    .name = "threads", .kind = count_option, .offset = offsetof(type, threads),          \
    .value = "N", .most = 256,                                                           \
    .help = "threads (0: one a processor); results do not depend on it"                  \
  }
#define OPTION_JSON(type)                                                                \
  {                                                                                      \
    .name = "json", .kind = flag_option, .offset = offsetof(type, json),                 \
    .help = "print one JSON object instead of text"                                      \
  }

/*
 * Sets the members of `values`, a copy of the defaults, as argv says (argv[0] is not
 * read). After --help has been printed *ended is set. Returns a status.
 */
int options_read(const command *self, void *values, int argc, char **argv, bool *ended);

void options_help(const command *self);

#endif
