/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The commands of filch-jobs: a file for each group, a row for each command. */
#ifndef JOBS_COMMAND_H
#define JOBS_COMMAND_H

#include "options.h"

typedef struct jobs_command {
    const char *name;
    const char *usage;           /* arguments, after the options: "QUEUE" */
    const char *line;            /* for the list of commands */
    const char *help;            /* paragraphs, for its own help */
    unsigned takes;              /* options */
    int least, most;             /* arguments; most < 0: any number */
    int (*run)(jobs_options *o); /* returns the exit status */
} jobs_command;

/* The groups; each ends with a command without a name. */
extern const jobs_command jobs_enqueue_commands[]; /* enqueue.c */
extern const jobs_command jobs_look_commands[];    /* look.c: list, show, peek, stats */
extern const jobs_command jobs_change_commands[];  /* change.c: cancel, pause, resume, purge */
extern const jobs_command jobs_dead_commands[];    /* dead.c: dead ... */
extern const jobs_command jobs_load_commands[];    /* load.c */
extern const jobs_command jobs_plan_commands[];    /* plan.c */
extern const jobs_command jobs_result_commands[];  /* result.c */

#endif
