/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"
#include "calibrate/calibrate.h"

#include <errno.h>
#include <sched/queue.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/command.h>
#include <unistd.h>

enum { REASON = 1024 };

static const char *const format_names[] = {"table", "csv", "svg", NULL};

/* ---- Registries ---- */

static const char all[] = "all";

static void list_policies(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(fl_policies));
    names_add(out, all);
}

static void list_queues(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(sim_queues));
    names_add(out, all);
}

static void list_take_modes(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(fl_take_modes));
}

static void list_idle_modes(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(fl_idle_modes));
}

static void list_generators(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(shapes));
}

/* ---- Readers ---- */

static void add_count(const command *c, sim_options *o, unsigned long workers)
{
    if (o->counts == SIM_COUNTS)
        command_refuse(c, "too many numbers of workers (at most %d)", SIM_COUNTS);
    o->workers[o->counts++] = (unsigned)workers;
}

/* "8", or "1..8": 1, 2, 4, 8. The last one is there even if it is not reached by doubling. */
static void add_counts(const command *c, const command_option *row, void *to, const char *text)
{
    char first[24];
    const size_t length = strcspn(text, ".");
    const bool ranges = strncmp(text + length, "..", 2) == 0;
    (void)row;
    snprintf(first, sizeof first, "%.*s", (int)(ranges ? length : strlen(text)), text);
    unsigned long low = command_whole(c, "--workers", first, 1, SIM_WORKERS);
    unsigned long high =
        ranges ? command_whole(c, "--workers", text + length + 2, low, SIM_WORKERS) : low;
    for (; low < high; low *= 2)
        add_count(c, to, low);
    add_count(c, to, high);
}

static void add_speed(const command *c, const command_option *row, void *to, const char *text)
{
    sim_options *o = to;
    char *end;
    const double speed = strtod(text, &end);
    (void)row;
    if (end == text || *end || !(speed >= 0.01 && speed <= 1))
        command_refuse(c, "--speeds: '%s' is not a number in range (0.01..1)", text);
    if (o->speed_count == SIM_WORKERS)
        command_refuse(c, "too many --speeds (at most %d)", SIM_WORKERS);
    o->speeds[o->speed_count++] = (unsigned)(speed * SIM_SPEED + 0.5);
}

static void add_policy(const command *c, const command_option *row, void *to, const char *name)
{
    sim_options *o = to;
    const int only = command_pick(c, row, name);
    if (strcmp(name, all) == 0)
        o->policy_count = 0;
    for (int i = 0; fl_policies[i]; i++)
        if ((strcmp(name, all) == 0 || i == only) && o->policy_count < SIM_POLICIES)
            o->policies[o->policy_count++] = fl_policies[i];
}

static void add_queue(const command *c, const command_option *row, void *to, const char *name)
{
    sim_options *o = to;
    const int only = command_pick(c, row, name);
    if (strcmp(name, all) == 0)
        o->queue_count = 0;
    for (int i = 0; sim_queues[i]; i++)
        if ((strcmp(name, all) == 0 || i == only) && o->queue_count < SIM_QUEUES)
            o->queues[o->queue_count++] = sim_queues[i];
}

static void read_costs(const command *c, const command_option *row, void *to, const char *path)
{
    char reason[REASON];
    (void)row;
    if (costs_read(&((sim_options *)to)->costs, path, reason, sizeof reason))
        command_refuse(c, "%s", reason);
}

static void read_calibrate(const command *c, const command_option *row, void *to, const char *text)
{
    sim_options *o = to;
    (void)row;
    o->task = SIM_CALIBRATE;
    if (text)
        o->rounds = (unsigned)command_whole(c, "--calibrate", text, 1, CALIBRATE_ROUNDS);
}

/* ---- The table ---- */

#define FIELD(field) COMMAND_FIELD(sim_options, field)

static const command_option known[] = {
    {"machine", "LEVELS",
     "package:N numa:N l3:N l2:N core:N pu:N, each in one of the level before, or FILE.xml of "
     "hwloc (default: cores that share one cache)",
     .letter = 'm', .read = command_text, FIELD(machine)},
    {"workers", "LIST",
     "Numbers of workers: 1,3,16 or 1..1024, by doubling (default: 16; of a trace: its own)",
     .letter = 'w', .read = command_list, .each = add_counts},
    {"speeds", "LIST",
     "Speeds of workers 0, 1, 2 ..., such as 1,1,0.5; further ones have the last (default: 1)",
     .read = command_list, .each = add_speed},
    {"policy", "LIST", "Victim policies, or all (default: random)", .letter = 'p',
     .read = command_list, .each = add_policy, .registry = list_policies},
    {"queue", "LIST",
     "Of forked tasks, a list: chase-lev, the, central-mutex, or all (default: chase-lev)",
     .read = command_list, .each = add_queue, .registry = list_queues},
    {"take", "MODE", "Amount that a thief takes: adaptive, one or half (default: adaptive)",
     .read = command_choice, FIELD(take), .registry = list_take_modes},
    {"idle", "MODE", "Workers without work: sleep, yield or spin (default: sleep)",
     .read = command_choice, FIELD(idle), .registry = list_idle_modes},
    {"seed", "N", "Of the workers' random numbers (default: 1)", .letter = 's',
     .read = command_count, FIELD(seed), .most = UINT32_MAX},
    {"seeds", "N", "Runs with seeds N, N + 1 and so on (default: 1)", .read = command_count,
     FIELD(seeds), .least = 1, .most = SIM_SEEDS},
    {"costs", "FILE", "Costs that differ from the built-in ones", .read = read_costs},
    {"format", "FORMAT",
     "table, csv, or svg: the efficiency over the workers as a picture (default: table)",
     .letter = 'f', .read = command_choice, FIELD(format), .choices = format_names},
    {"json", .help = "Write the result as JSON", .read = command_set, FIELD(format),
     .least = FORMAT_JSON},
    {"output", "FILE", "Where to write it (default, and -: standard output)", .letter = 'o',
     .read = command_path, FIELD(output)},
    {"list", .help = "Show the generators and their parameters", .read = command_set, FIELD(task),
     .least = SIM_LIST},
    {"show-costs", .help = "Show the costs, as a file for --costs", .read = command_set,
     FIELD(task), .least = SIM_COSTS},
    {"calibrate", "[=ROUNDS]",
     "Measure the costs of this machine, and show them, as a file for --costs (default: 21 rounds)",
     .read = read_calibrate},
    {"show-tasks",
     .help = "Show the graph: a row for each phase of each task, without a simulation",
     .read = command_set, FIELD(task), .least = SIM_TASKS},
    {0},
};

static const command sim = {
    .name = "filch sim",
    .arguments = "GENERATOR | TRACE",
    .most = 1,
    .registry = list_generators,
    .options = known,
    .about = "Simulates work stealing on a machine that is described by its levels, with the "
             "library's own victim policies. Times are simulated: the same command prints the same "
             "report. The graph is made by a generator, or is that of a traced run: the tasks, "
             "forks and joins of a trace of level tasks.",
    .ending = "Examples:\n"
              "  filch sim tree:depth=16 --workers 1..64\n"
              "  filch sim uts:depth=10 --machine \"package:2 l3:4 core:16\" -w 128 -p all\n"
              "  filch sim --calibrate --output costs; filch sim loop:n=100000 --costs costs\n"
              "  FILCH_TRACE=run.trace,tasks ./program; filch sim run.trace --workers 1..64\n"
              "\n"
              "Exit status: 0; 1 when a measurement of --calibrate failed; 2 for a wrong\n"
              "command line, a file that cannot be read, a graph that is too large, and when\n"
              "the result could not be written.\n",
};

/* ---- The graph ---- */

/* A combination that the library refuses has no simulation either. */
static void check_queues(const sim_options *o)
{
    for (unsigned i = 0; i < o->queue_count; i++)
        for (unsigned row = 0; fl_queues[row]; row++)
            if (strcmp(fl_queues[row]->name, o->queues[i]->name) == 0 &&
                !fl_queue_supports(fl_queues[row], o->take))
                command_refuse(&sim, "--take %s is impossible with queue '%s' (valid: %s)",
                               fl_take_modes[o->take]->name, o->queues[i]->name,
                               fl_queues[0]->name);
}

/* An existing file, or text with a slash or a dot before its first colon; after it, they are of parameters. */
static bool is_file(const char *text)
{
    const size_t end = strcspn(text, ":");
    return memchr(text, '/', end) || memchr(text, '.', end) || access(text, F_OK) == 0;
}

static void read_trace(sim_options *o, const char *path)
{
    char reason[REASON];
    names_list list = {.count = 0};
    if (access(path, R_OK) != 0) {
        const int error = errno;
        list_generators(&list);
        names_join(reason, sizeof reason, list.at);
        command_refuse(&sim, "cannot open trace '%s': %s (valid: a trace file, or %s)", path,
                       strerror(error), reason);
    }
    if (replay_read(&o->replay, path, reason, sizeof reason))
        command_refuse(&sim, "%s", reason);
    replay_graph(&o->replay, &o->graph);
}

static void read_graph(sim_options *o, const char *text)
{
    char reason[REASON];
    o->text = text;
    if (!generator_is_named(text) && is_file(text))
        read_trace(o, text);
    else if (generator_read(&o->graph, text, reason, sizeof reason))
        command_refuse(&sim, "%s", reason);
}

void options_parse(sim_options *o, int argc, char **argv)
{
    *o = (sim_options){.seed = 1, .seeds = 1, .rounds = 21};
    costs_default(&o->costs);
    char **graph = command_read(&sim, o, argc, argv);
    if (*graph)
        read_graph(o, *graph);
    else if (o->task == SIM_RUN || o->task == SIM_TASKS)
        command_refuse(&sim, "no graph is named (valid: a generator, see filch sim --list; or a "
                             "trace file)");
    check_queues(o);
    if (!o->counts)
        o->workers[o->counts++] = o->replay.workers ? o->replay.workers : 16;
    if (!o->queue_count)
        o->queues[o->queue_count++] = sim_queues[0];
    if (!o->policy_count)
        o->policies[o->policy_count++] = fl_policies[0];
}
