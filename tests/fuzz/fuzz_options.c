/* Words of a command line, with a 0 byte between them: numbers, words of a list, texts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/say.h"
#include "fuzz.h"

typedef struct settings {
  size_t count;
  uint64_t seed;
  double real;
  const char *word, *text, *file;
  int flag;
} settings;

static const settings defaults = {.count = 3};

#define OF(member, sort) .kind = sort, .offset = offsetof(settings, member)

static const option_spec specs[] = {
    {.name = "count",
     OF(count, count_option),
     .value = "N",
     .least = 2,
     .most = 1e9,
     .has_zero = true,
     .help = "a count"},
    {.name = "seed", OF(seed, seed_option), .value = "N", .help = "a seed"},
    {.name = "real",
     OF(real, real_option),
     .value = "N",
     .least = -1,
     .most = 1e30,
     .has_auto = true,
     .auto_value = -1,
     .help = "a number"},
    {.name = "word", OF(word, text_option), .value = "one|two|three", .help = "a word"},
    {.name = "text", OF(text, text_option), .value = "TEXT", .help = "a text"},
    {.name = "flag", OF(flag, flag_option), .help = "a flag"}};

static const command all = {.name = "fuzz",
                            .usage = "[options] FILE",
                            .about = "Takes every kind of option.",
                            .options = specs,
                            .option_count = sizeof specs / sizeof *specs,
                            .takes_file = true,
                            .file_offset = offsetof(settings, file),
                            .defaults = &defaults,
                            .size = sizeof defaults};

static void check(const settings *values) {
  const int counted =
      values->count == 0 || (values->count >= 2 && values->count <= 1000000000);
  const int real = values->real >= -1.0 && values->real <= 1e30;
  if (!counted || !real || values->seed > INT64_MAX) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  enum { most_words = 16, most_bytes = 1024 };
  char text[most_bytes + 2] = {0}, *words[most_words + 2] = {(char[]){"fuzz"}};
  settings values = defaults;
  bool ended = false;
  int count = 1;
  static FILE *quiet[2];
  if (!quiet[0]) {
    quiet[0] = freopen("/dev/null", "w", stdout);
    quiet[1] = freopen("/dev/null", "w", stderr);
    say_as("fuzz", NULL);
  }
  const size_t kept = size < most_bytes ? size : most_bytes;
  memcpy(text, bytes, kept);
  for (size_t at = 0; at < kept && count <= most_words; at += strlen(text + at) + 1)
    words[count++] = text + at;
  const int status = options_read(&all, &values, count, words, &ended);
  if (status == status_ok) fuzz_taken();
  if (status == status_ok && !ended) check(&values);
  fuzz_end();
  return 0;
}
