/*
 * pflow - learns maps that spread feature vectors, applies and undoes them, and measures
 * what they did.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"
#include "commands.h"

static const command *const commands[] = {
    &fit_command,     &transform_command, &inverse_command,
    &sample_command,  &eval_command,      &compare_command,
    &suggest_command, &info_command,      &plot_command,
};

enum { command_count = sizeof commands / sizeof *commands };

static void print_help(void) {
  puts("usage: pflow COMMAND [option ...]\n\n"
       "Spreads feature vectors, such as embeddings of images or texts, uniformly.\n");
  for (size_t i = 0; i < command_count; i++)
    printf("  %-11s%s\n", commands[i]->name, commands[i]->summary);
  puts(
      "\nRows are .npy (float16, float32 or float64 in C order) or .fvecs files, labels\n"
      ".npy (integers) or .ivecs.\n\n"
      "  pflow help COMMAND   the options of a command\n"
      "  pflow --version      the version, and the CPU level of the kernels\n\n"
      "Exit status: 0 done, 1 failed, 2 not understood. The manual: man pflow.");
}

static const command *find_command(const char *name) {
  for (size_t i = 0; i < command_count; i++)
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  char names[128] = "";
  for (size_t i = 0, used = 0; i < command_count && used < sizeof names; i++)
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                             commands[i]->name);
  say_misused("unknown command \"%s\", wants one of %s", name, names);
  return NULL;
}

static int help(int count, char **words) {
  if (count == 0) {
    print_help();
    return say_flush();
  }
  if (count > 1) return say_misused("unexpected word \"%s\"", words[1]);
  const command *asked = find_command(words[0]);
  if (!asked) return status_misused;
  options_help(asked);
  return say_flush();
}

static int run(const command *chosen, int argc, char **argv) {
  bool ended;
  void *options = say_alloc(1, chosen->size);
  if (!options) return status_failed;
  memcpy(options, chosen->defaults, chosen->size);
  int status = options_read(chosen, options, argc, argv, &ended);
  if (status == status_ok && !ended) status = chosen->run(options);
  pflow_free(options);
  return status;
}

int main(int argc, char **argv) {
  say_as("pflow", NULL);
  signal(SIGXFSZ, SIG_IGN); /* a file beyond a limit is an error of its write */
  if (argc < 2) return say_misused("a command is needed");
  const char *word = argv[1];
  if (strcmp(word, "--version") == 0) {
    printf("pflow %s\nkernel level %s\n", pflow_version(), pflow_cpu_level());
    return say_flush();
  }
  if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
    return help(argc - 2, argv + 2);
  const command *chosen = find_command(word);
  if (!chosen) return status_misused;
  say_as("pflow", chosen->name);
  return run(chosen, argc - 1, argv + 1);
}
