/*
 * commands.h - what pflow can do; main.c has the list.
 */
#ifndef PFLOW_COMMANDS_H
#define PFLOW_COMMANDS_H

#include "cli/options.h"

extern const command compare_command;
extern const command eval_command;
extern const command fit_command;
extern const command info_command;
extern const command inverse_command;
extern const command plot_command;
extern const command sample_command;
extern const command suggest_command;
extern const command transform_command;

#endif
