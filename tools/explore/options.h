/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The command line of filch explore. */
#ifndef EXPLORE_OPTIONS_H
#define EXPLORE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum { EXPLORE_JOBS = 64, EXPLORE_WORKERS = 64, EXPLORE_DEPTH = 10 };

typedef struct explore_options {
    unsigned long first, seeds; /* the first seed, and their number */
    unsigned workers, depth, jobs;
    double seconds; /* for the search */
    double timeout; /* for a run */
    bool json, gdb;
    bool openmp;        /* the program runs on Filch's OpenMP library */
    const char *keep;   /* where to put the schedule that was found, or NULL */
    const char *replay; /* a schedule to follow, or NULL: search */
    char *path;         /* of the program; to be freed */
    char **program;     /* its name and its arguments, up to a NULL */
} explore_options;

/* Ends the command if it is wrong. */
void options_read(explore_options *o, int argc, char **argv);

#endif
