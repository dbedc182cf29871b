/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Puts the folder of Filch's libgomp.so.1 before all others in which the dynamic linker looks, and becomes the
 * program. */
#include "main.h"

#include "libraries.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/openmp_library.h>
#include <unistd.h>

enum { NO_RESULT = 2, NOT_STARTED = 127 };

enum { TRACE = 256 };

static const struct argp_option known[] = {
    {"trace", TRACE, "FILE", 0, "Record tasks and steals in FILE, for filch trace", 0},
    {"verbose", 'v', NULL, 0, "Print the library that the program gets", 0},
    {0},
};

static const char about[] =
    "Runs a program that gcc has built with -fopenmp on Filch, unchanged.\v"
    "Examples:\n"
    "  filch openmp ./solver input\n"
    "  OMP_NUM_THREADS=4 filch openmp -v -- ./solver --fast\n"
    "  filch openmp --trace run.fltr ./solver input && filch trace run.fltr\n"
    "\n"
    "The program's exit status is that of the command; 2 for a wrong command line, or\n"
    "if there is no library; 127 if the program could not be started.\n";

typedef struct request {
    bool verbose;
    const char *trace; /* a file, or NULL */
    char **program;    /* and its arguments; NULL: none */
} request;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    request *wanted = state->input;
    switch (key) {
    case 'v':
        wanted->verbose = true;
        return 0;
    case TRACE:
        wanted->trace = arg;
        return 0;
    case ARGP_KEY_ARG:
        wanted->program = state->argv + state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no program; give one, as in: filch openmp ./solver");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool record(const char *file)
{
    char *option = NULL;
    bool set = !file ||
               (asprintf(&option, "%s,tasks", file) >= 0 && setenv("FILCH_TRACE", option, 1) == 0);
    if (set)
        free(option);
    return set;
}

int filch_openmp_main(int argc, char **argv)
{
    static const struct argp parser = {known, parse, "PROGRAM [ARGUMENT...]", about, NULL,
                                       NULL,  NULL};
    request wanted = {0};
    char folder[PATH_MAX + 32];
    argp_err_exit_status = NO_RESULT;
    argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &wanted);
    if (!openmp_library_use("filch openmp", folder, sizeof folder))
        return NO_RESULT;
    if (!record(wanted.trace)) {
        fputs("filch openmp: no memory; free some\n", stderr);
        return NO_RESULT;
    }
    if (wanted.verbose)
        fprintf(stderr, "filch openmp: %s runs with %s/libgomp.so.1\n", wanted.program[0], folder);
    if (!libraries_check(wanted.program[0], folder))
        return NOT_STARTED;
    execvp(wanted.program[0], wanted.program);
    fprintf(stderr, "filch openmp: %s could not be started: %s\n", wanted.program[0],
            strerror(errno));
    return NOT_STARTED;
}
