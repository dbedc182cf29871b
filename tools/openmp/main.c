/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Puts the folder of Filch's libgomp.so.1 before all others in which the dynamic linker looks, and becomes the
 * program. */
#include "main.h"

#include "libraries.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/command.h>
#include <tools/shared/openmp_library.h>
#include <unistd.h>

enum { NO_RESULT = 2, NOT_STARTED = 127 };

typedef struct request {
    bool verbose;
    const char *trace; /* a file, or NULL */
} request;

static const command_option known[] = {
    {"trace", "FILE", "Record tasks and steals in FILE, for filch trace", .read = command_text,
     COMMAND_FIELD(request, trace)},
    {"verbose", .help = "Print the library that the program gets", .letter = 'v',
     .read = command_flag, COMMAND_FIELD(request, verbose)},
    {0},
};

static const command openmp = {
    .name = "filch openmp",
    .arguments = "PROGRAM [ARGUMENT...]",
    .least = 1,
    .most = -1,
    .in_order = true,
    .options = known,
    .about = "Runs a program that gcc has built with -fopenmp on Filch, unchanged.",
    .ending = "Examples:\n"
              "  filch openmp ./solver input\n"
              "  OMP_NUM_THREADS=4 filch openmp -v -- ./solver --fast\n"
              "  filch openmp --trace run.fltr ./solver input && filch trace run.fltr\n"
              "\n"
              "The program's exit status is that of the command; 2 for a wrong command line, or\n"
              "if there is no library; 127 if the program could not be started.\n",
};

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
    request wanted = {0};
    char folder[PATH_MAX + 32];
    char **program = command_read(&openmp, &wanted, argc, argv);
    if (!openmp_library_use("filch openmp", folder, sizeof folder))
        return NO_RESULT;
    if (!record(wanted.trace)) {
        fputs("filch openmp: no memory; free some\n", stderr);
        return NO_RESULT;
    }
    if (wanted.verbose)
        fprintf(stderr, "filch openmp: %s runs with %s/libgomp.so.1\n", program[0], folder);
    if (!libraries_check(program[0], folder))
        return NOT_STARTED;
    execvp(program[0], program);
    fprintf(stderr, "filch openmp: %s could not be started: %s\n", program[0], strerror(errno));
    return NOT_STARTED;
}
