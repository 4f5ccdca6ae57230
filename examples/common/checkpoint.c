#include "common/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/must.h"

void checkpoint_save(const checkpoint *self, size_t epochs, const json_t *history) {
  pflow_archive *archive;
  char *text = json_dumps(history, JSON_COMPACT);
  if (!text) fail("the history cannot be written as JSON");
  must(pflow_archive_create(&archive));
  must(pflow_archive_put_text(archive, "options", self->settings));
  must(pflow_archive_put_text(archive, "dataset", self->dataset));
  must(pflow_archive_put_u64(archive, "epochs", epochs));
  must(pflow_archive_put_net(archive, "net.", self->net));
  must(pflow_archive_put_optim(archive, "adam.", self->optim));
  must(pflow_archive_put_text(archive, "history", text));
  must(pflow_archive_save(archive, self->path));
  pflow_archive_destroy(archive);
  free(text);
}

/* Names the first line in which the settings of a checkpoint differ from this run's. */
static void refuse_settings(const char *path, const char *theirs, const char *ours) {
  size_t line = 0;
  for (size_t i = 0; theirs[i] && theirs[i] == ours[i]; i++)
    if (theirs[i] == '\n') line = i + 1;
  fail("%s was made with %.*s, this run has %.*s", path,
       (int)strcspn(theirs + line, "\n"), theirs + line, (int)strcspn(ours + line, "\n"),
       ours + line);
}

/* A checkpoint of other settings would silently give another experiment. */
static void check_settings(const checkpoint *self, const pflow_archive *archive) {
  const char *text, *name;
  must(pflow_archive_get_text(archive, "options", &text));
  must(pflow_archive_get_text(archive, "dataset", &name));
  if (strcmp(name, self->dataset) != 0)
    fail("%s was made on %s, not on %s", self->path, name, self->dataset);
  if (strcmp(text, self->settings) != 0)
    refuse_settings(self->path, text, self->settings);
}

static json_t *read_history(const checkpoint *self, const pflow_archive *archive,
                            size_t epochs) {
  const char *text;
  must(pflow_archive_get_text(archive, "history", &text));
  json_t *list = json_loads(text, 0, NULL);
  if (json_array_size(list) != epochs)
    fail("%s: history of %zu epochs, wants %zu", self->path, json_array_size(list),
         epochs);
  return list;
}

size_t checkpoint_load(const checkpoint *self, size_t most, json_t **history) {
  pflow_archive *archive;
  uint64_t epochs;
  *history = NULL;
  if (access(self->path, F_OK) != 0) {
    fprintf(stderr, "no %s: starting anew\n", self->path);
    return 0;
  }
  must(pflow_archive_load(&archive, self->path));
  check_settings(self, archive);
  must(pflow_archive_get_u64(archive, "epochs", &epochs));
  if (epochs > most)
    fail("%s has %llu epochs, --epochs is %zu", self->path, (unsigned long long)epochs,
         most);
  must(pflow_archive_get_net(archive, "net.", self->net));
  must(pflow_archive_get_optim(archive, "adam.", self->optim));
  *history = read_history(self, archive, (size_t)epochs);
  pflow_archive_destroy(archive);
  fprintf(stderr, "resuming after epoch %llu\n", (unsigned long long)epochs);
  return (size_t)epochs;
}
