/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The command: finds the subcommand in its table and hands over. */
#include "bench/main.h"
#include "compare/main.h"
#include "explore/main.h"
#include "openmp/main.h"
#include "play/main.h"
#include "sim/main.h"
#include "top/main.h"
#include "trace/main.h"
#include "tune/main.h"

#include <tools/shared/command.h>
#include <tools/shared/names.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *what;
    int (*main)(int argc, char **argv); /* argv[0] is "filch NAME" */
    char *title;
} subcommands[] = {
    {"bench", "measure work stealing against one queue and other libraries", filch_bench_main,
     "filch bench"},
    {"compare", "find what got slower between two results", filch_compare_main, "filch compare"},
    {"explore", "search the interleavings of a program for one that fails", filch_explore_main,
     "filch explore"},
    {"openmp", "run a program of gcc's OpenMP on Filch", filch_openmp_main, "filch openmp"},
    {"play", "step through a recorded run, deque by deque", filch_play_main, "filch play"},
    {"sim", "simulate work stealing on a machine that is described", filch_sim_main, "filch sim"},
    {"top", "watch the workers of a running program", filch_top_main, "filch top"},
    {"trace", "show where the time of a run went", filch_trace_main, "filch trace"},
    {"tune", "find the width and the queue that suit a pool", filch_tune_main, "filch tune"},
};
enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

static void help(FILE *out)
{
    fputs("Usage: filch SUBCOMMAND [OPTION...]\n\nTools of Filch, the work-stealing runtime.\n\n",
          out);
    for (int i = 0; i < SUBCOMMANDS; i++)
        fprintf(out, "  filch %-10s %s\n", subcommands[i].name, subcommands[i].what);
    fputs("\n  filch SUBCOMMAND --help   options and examples\n  filch --version\n\n"
          "Exit status of all: 0 when all went well; 1 when a measurement failed, was wrong, or\n"
          "got slower; 2 when there is no result: a wrong command line, or a file that cannot be\n"
          "read or written; 130 when interrupted.\n",
          out);
}

static int find(const char *name)
{
    for (int i = 0; i < SUBCOMMANDS; i++)
        if (strcmp(name, subcommands[i].name) == 0)
            return i;
    return -1;
}

static int refuse(const char *name)
{
    const char *names[SUBCOMMANDS + 1] = {NULL};
    for (int i = 0; i < SUBCOMMANDS; i++)
        names[i] = subcommands[i].name;
    names_refuse("filch", "subcommand", name, names);
    return 2;
}

static bool is_one_of(const char *name, const char *one, const char *other)
{
    return strcmp(name, one) == 0 || strcmp(name, other) == 0;
}

/* "filch help NAME" is "filch NAME --help". */
int main(int argc, char **argv)
{
    static char as_option[] = "--help";
    const char *name = argc > 1 ? argv[1] : "";
    const bool asked = is_one_of(name, "help", "--help") && argc > 2;
    const int at = find(asked ? argv[2] : name);
    command_check_output("filch", 2);
    command_version = "filch " FILCH_COMMAND_VERSION;
    if (at >= 0) {
        argv[1] = subcommands[at].title;
        if (asked)
            argv[2] = as_option;
        return subcommands[at].main(argc - 1, argv + 1);
    }
    if (is_one_of(name, "--version", "-V")) {
        puts(command_version);
        return 0;
    }
    if (asked || !(is_one_of(name, "--help", "-h") || strcmp(name, "help") == 0))
        return refuse(asked ? argv[2] : name);
    help(stdout);
    return 0;
}
