/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <runtime/platform/find_program.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/command.h>

#define FIELD(field) COMMAND_FIELD(explore_options, field)
#define SEEDS(field) FIELD(field), .least = 1, .most = 1e9
#define SECONDS(field) .read = command_number, FIELD(field), .least = 0.01, .most = 1e6

static const command_option known[] = {
    {"seeds", "N", "The most seeds to try (default: 1000)", .letter = 'n', .read = command_count,
     SEEDS(seeds)},
    {"first", "N", "The first seed (default: 1)", .read = command_count, SEEDS(first)},
    {"workers", "K", "Virtual workers, 1 to 64 (default: 2)", .letter = 'w', .read = command_count,
     FIELD(workers), .least = 1, .most = EXPLORE_WORKERS},
    {"depth", "D", "Depth of the bugs for which a chance is stated, 1 to 10 (default: 3)",
     .letter = 'd', .read = command_count, FIELD(depth), .least = 1, .most = EXPLORE_DEPTH},
    {"seconds", "S", "Begin no run after S seconds (default: 60)", .letter = 's', SECONDS(seconds)},
    {"timeout", "S", "End a run after S seconds (default: 10)", SECONDS(timeout)},
    {"jobs", "N", "Runs at the same time, 1 to 64 (default: 2)", .letter = 'j',
     .read = command_count, FIELD(jobs), .least = 1, .most = EXPLORE_JOBS},
    {"keep", "FILE", "Keep the schedule of the failure", .read = command_text, FIELD(keep)},
    {"openmp", .help = "The program uses OpenMP: run it on Filch's library", .read = command_flag,
     FIELD(openmp)},
    {"replay", "FILE", "Do not search: follow this schedule", .read = command_text, FIELD(replay)},
    {"gdb", .help = "Follow the schedule under gdb: of --replay, or the one that was found",
     .read = command_flag, FIELD(gdb)},
    {"json", .help = "Write the report as JSON", .read = command_flag, FIELD(json)},
    {0},
};

static const command explore = {
    .name = "filch explore",
    .arguments = "PROGRAM [ARGUMENT...]",
    .least = 1,
    .most = -1,
    .in_order = true,
    .options = known,
    .about = "Searches the interleavings of a program's tasks for one that fails: by an exit "
             "status, a signal, a deadlock or a data race. Reports the first one, with as few "
             "switches between threads as it takes.",
    .ending = "Examples:\n"
              "  filch explore ./bank\n"
              "  filch explore --seeds 5000 --workers 3 --keep bank.schedule ./bank 100\n"
              "  filch explore --replay bank.schedule --gdb ./bank 100\n"
              "  filch explore --openmp --workers 4 ./solver\n"
              "\n"
              "Exit status: 0 when nothing was found, 1 when a run failed; 2 for a wrong\n"
              "command line, a program that cannot be explored, and if the report could not\n"
              "be written.\n",
};

void options_read(explore_options *o, int argc, char **argv)
{
    *o = (explore_options){.first = 1,
                           .seeds = 1000,
                           .workers = 2,
                           .depth = 3,
                           .jobs = 2,
                           .seconds = 60,
                           .timeout = 10};
    o->program = command_read(&explore, o, argc, argv);
    if (o->gdb && o->json)
        command_refuse(&explore, "--gdb with --json (valid: one of them)");
    if (o->replay && o->keep)
        command_refuse(&explore, "--replay with --keep (valid: one of them)");
    int error = fl_program_find(&o->path, o->program[0]);
    if (!error)
        error = fl_program_check(o->path);
    if (error) {
        fprintf(stderr, "filch explore: the program '%s' cannot be run: %s\n", o->program[0],
                strerror(error));
        exit(2);
    }
}
