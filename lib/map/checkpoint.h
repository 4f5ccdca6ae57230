/*
 * checkpoint.h - what a Poisson map's fit has done so far, in a file to go on from.
 */
#ifndef LIBPFLOW_CHECKPOINT_H
#define LIBPFLOW_CHECKPOINT_H

#include "map/trial.h"

enum { pf_most_trials = 64, pf_settings_size = 512 };

struct pf_checkpoint {
  const char *path;                /* borrowed; NULL: nothing is written */
  char rows[80], labels[24];       /* sizes and fingerprints; labels may be empty */
  char settings[pf_settings_size]; /* all that the work depends on besides */
  size_t done;                     /* trials of the search */
  pf_trial_scores scores[pf_most_trials];
  pflow_archive *read; /* NULL, or what the fit goes on from */
  double pause;        /* seconds from one writing to the next */
  double written;      /* when, in seconds */
};

/*
 * Reads the config's checkpoint if it asks for that and there is one. PFLOW_EINVAL for
 * one of other rows or settings; errors as those of pflow/io.h. On error close as well.
 */
pflow_err pf_checkpoint_open(pf_checkpoint *checkpoint, const pflow_map *map,
                             const pf_map_rows *rows);
void pf_checkpoint_close(pf_checkpoint *checkpoint);

/*
 * Writes what there is: the trials, and the denoiser unless it is NULL; but if `rc`,
 * which it gives on, is PFLOW_OK, only when the pause since the last time is over.
 */
pflow_err pf_checkpoint_write(pf_checkpoint *checkpoint, const pflow_denoiser *denoiser,
                              pflow_err rc);

/* Writes the trials now, in place of what is there. */
pflow_err pf_checkpoint_keep(pf_checkpoint *checkpoint);

/* The denoiser of rows of dim values that was being trained, to go on with config's pool
 * and callback; NULL if the checkpoint has none. */
pflow_err pf_checkpoint_denoiser(const pf_checkpoint *checkpoint, size_t dim,
                                 const pflow_denoiser_config *config,
                                 pflow_denoiser **denoiser);

#endif
