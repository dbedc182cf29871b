/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <runtime/platform/find_program.h>
#include <string.h>
#include <tools/shared/spell.h>

enum { FIRST = 256, TIMEOUT, KEEP, REPLAY, GDB, JSON, OPENMP };

#define SEEDS_MOST 1000000000ul
#define SECONDS_MOST 1e6

static const struct argp_option known[] = {
    {"seeds", 'n', "N", 0, "The most seeds to try (default: 1000)", 0},
    {"first", FIRST, "N", 0, "The first seed (default: 1)", 0},
    {"workers", 'w', "K", 0, "Virtual workers, 1 to 64 (default: 2)", 0},
    {"depth", 'd', "D", 0, "Depth of the bugs for which a chance is stated, 1 to 10 (default: 3)",
     0},
    {"seconds", 's', "S", 0, "Begin no run after S seconds (default: 60)", 0},
    {"timeout", TIMEOUT, "S", 0, "End a run after S seconds (default: 10)", 0},
    {"jobs", 'j', "N", 0, "Runs at the same time, 1 to 64 (default: 2)", 0},
    {"keep", KEEP, "FILE", 0, "Keep the schedule of the failure", 0},
    {"openmp", OPENMP, NULL, 0, "The program uses OpenMP: run it on Filch's library", 0},
    {"replay", REPLAY, "FILE", 0, "Do not search: follow this schedule", 1},
    {"gdb", GDB, NULL, 0, "Follow the schedule under gdb: of --replay, or the one that was found",
     1},
    {"json", JSON, NULL, 0, "The report as JSON", 1},
    {0},
};

static const char about[] =
    "Searches the interleavings of a program's tasks for one that fails: by an exit status, a "
    "signal, a deadlock or a data race. Reports the first one, with as few switches between "
    "threads as it takes.\v"
    "Examples:\n"
    "  filch explore ./bank\n"
    "  filch explore --seeds 5000 --workers 3 --keep bank.schedule ./bank 100\n"
    "  filch explore --replay bank.schedule --gdb ./bank 100\n"
    "  filch explore --openmp --workers 4 ./solver\n"
    "\n"
    "Exit status: 0 when nothing was found, 1 when a run failed; 2 for a wrong\n"
    "command line, a program that cannot be explored, and if the report could not\n"
    "be written.\n";

/* ---- Values ---- */

static unsigned long whole(const char *text, const char *what, unsigned long least,
                           unsigned long most, const struct argp_state *state)
{
    unsigned long value = least;
    if (!spell_count(text, least, most, &value))
        argp_error(state, "%s '%s' is out of range (%lu..%lu)", what, text, least, most);
    return value;
}

static double seconds(const char *text, const char *what, const struct argp_state *state)
{
    double value = 1;
    if (!spell_number(text, 0.01, SECONDS_MOST, &value))
        argp_error(state, "%s '%s' is out of range (0.01..%.0f seconds)", what, text, SECONDS_MOST);
    return value;
}

/* ---- The parser ---- */

static bool parse_number(explore_options *o, int key, const char *text,
                         const struct argp_state *state)
{
    switch (key) {
    case 'n':
        o->seeds = whole(text, "number of seeds", 1, SEEDS_MOST, state);
        return true;
    case FIRST:
        o->first = whole(text, "first seed", 1, SEEDS_MOST, state);
        return true;
    case 'w':
        o->workers = (unsigned)whole(text, "number of workers", 1, EXPLORE_WORKERS, state);
        return true;
    case 'd':
        o->depth = (unsigned)whole(text, "depth", 1, EXPLORE_DEPTH, state);
        return true;
    case 'j':
        o->jobs = (unsigned)whole(text, "number of jobs", 1, EXPLORE_JOBS, state);
        return true;
    case 's':
        o->seconds = seconds(text, "time", state);
        return true;
    case TIMEOUT:
        o->timeout = seconds(text, "timeout", state);
        return true;
    default:
        return false;
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    explore_options *o = state->input;
    if (parse_number(o, key, argument, state))
        return 0;
    switch (key) {
    case KEEP:
        o->keep = argument;
        return 0;
    case REPLAY:
        o->replay = argument;
        return 0;
    case GDB:
        o->gdb = true;
        return 0;
    case JSON:
        o->json = true;
        return 0;
    case OPENMP:
        o->openmp = true;
        return 0;
    case ARGP_KEY_ARGS: /* the rest is the program's */
        o->program = state->argv + state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no program is named");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *check(explore_options *o)
{
    if (o->gdb && o->json)
        return "--gdb with --json (valid: one of them)";
    if (o->replay && o->keep)
        return "--replay with --keep (valid: one of them)";
    return NULL;
}

void options_read(explore_options *o, int argc, char **argv)
{
    static const struct argp parser = {known, parse, "PROGRAM [ARGUMENT...]", about, NULL,
                                       NULL,  NULL};
    *o = (explore_options){.first = 1,
                           .seeds = 1000,
                           .workers = 2,
                           .depth = 3,
                           .jobs = 2,
                           .seconds = 60,
                           .timeout = 10};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, o);
    const char *wrong = check(o);
    int error = wrong ? 0 : fl_program_find(&o->path, o->program[0]);
    if (!error && !wrong)
        error = fl_program_check(o->path);
    if (wrong)
        fprintf(stderr, "filch explore: %s\n", wrong);
    else if (error)
        fprintf(stderr, "filch explore: the program '%s' cannot be run: %s\n", o->program[0],
                strerror(error));
    if (wrong || error)
        exit(2);
}
