/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The command: finds the subcommand in its table and hands over. */
#include "bench/main.h"
#include "compare/main.h"
#include "topo/topo.h"
#include "tune/main.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *what;
    int (*main)(int argc, char **argv); /* argv[0] is "filch NAME" */
    char *title;
} subcommands[] = {
    {"bench", "measure work stealing against a central queue", filch_bench_main, "filch bench"},
    {"compare", "find what got slower between two results", filch_compare_main, "filch compare"},
    {"topo", "draw the machine and the workers' places on it", filch_topo_main, "filch topo"},
    {"tune", "find the width and the queue that suit a pool", filch_tune_main, "filch tune"},
};
enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

static void help(FILE *out)
{
    fputs("Usage: filch SUBCOMMAND [OPTION...]\n\nTools of Filch, the work-stealing runtime.\n\n",
          out);
    for (int i = 0; i < SUBCOMMANDS; i++)
        fprintf(out, "  filch %-8s %s\n", subcommands[i].name, subcommands[i].what);
    fputs("\n  filch SUBCOMMAND --help   options and examples\n  filch --version\n", out);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    for (int i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(name, subcommands[i].name) != 0)
            continue;
        argv[1] = subcommands[i].title;
        return subcommands[i].main(argc - 1, argv + 1);
    }
    if (strcmp(name, "--version") == 0) {
        puts("filch " FILCH_COMMAND_VERSION);
        return 0;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help(stdout);
        return 0;
    }
    if (*name)
        fprintf(stderr, "filch: unknown subcommand '%s'; known:", name);
    else
        fprintf(stderr, "filch: a subcommand is missing; known:");
    for (int i = 0; i < SUBCOMMANDS; i++)
        fprintf(stderr, "%s %s", i ? "," : "", subcommands[i].name);
    fputs("; see filch --help\n", stderr);
    return 2;
}
