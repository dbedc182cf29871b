/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"
#include "calibrate/calibrate.h"

#include <argp.h>
#include <sched/queue.h>
#include <string.h>
#include <tools/shared/names.h>
#include <tools/shared/spell.h>
#include <unistd.h>

enum { MODES = 8, REASON = 1024 };

static const char *const format_names[] = {"table", "csv", "json", "svg", NULL};

enum {
    OPTION_SEEDS = 256,
    OPTION_COSTS,
    OPTION_TAKE,
    OPTION_IDLE,
    OPTION_QUEUE,
    OPTION_LIST,
    OPTION_SHOW_COSTS,
    OPTION_SHOW_TASKS,
    OPTION_CALIBRATE
};

static const struct argp_option known[] = {
    {"machine", 'm', "LEVELS", 0,
     "package:N numa:N l3:N l2:N core:N pu:N, each in one of the level before, or FILE.xml of "
     "hwloc "
     "(default: cores that share one cache)",
     0},
    {"workers", 'w', "LIST", 0,
     "Numbers of workers: 1,3,16 or 1..1024, by doubling (default: 16; of a trace: its own)", 0},
    {"policy", 'p', "LIST", 0, "Victim policies, or all (default: random)", 0},
    {"queue", OPTION_QUEUE, "LIST", 0,
     "Of forked tasks, a list: chase-lev, the, central-mutex, or all (default: chase-lev)", 0},
    {"take", OPTION_TAKE, "MODE", 0,
     "Amount that a thief takes: adaptive, one or half (default: adaptive)", 0},
    {"idle", OPTION_IDLE, "MODE", 0, "Workers without work: sleep, yield or spin (default: sleep)",
     0},
    {"seed", 's', "N", 0, "Of the workers' random numbers (default: 1)", 0},
    {"seeds", OPTION_SEEDS, "N", 0, "Runs with seeds N, N + 1 and so on (default: 1)", 0},
    {"costs", OPTION_COSTS, "FILE", 0, "Costs that differ from the built-in ones", 0},
    {"format", 'f', "FORMAT", 0,
     "table, csv, json, or svg: the efficiency over the workers as a picture (default: table)", 0},
    {"output", 'o', "FILE", 0, "Where to write it (default, and -: the standard output)", 0},
    {"list", OPTION_LIST, NULL, 0, "Show the generators and their parameters", 1},
    {"show-costs", OPTION_SHOW_COSTS, NULL, 0, "Show the costs, as a file for --costs", 1},
    {"calibrate", OPTION_CALIBRATE, "ROUNDS", OPTION_ARG_OPTIONAL,
     "Measure the costs of this machine, and show them, as a file for --costs (default: 21 rounds)",
     1},
    {"show-tasks", OPTION_SHOW_TASKS, NULL, 0,
     "Show the graph: a row for each phase of each task, without a simulation", 1},
    {0},
};

static const char about[] =
    "Simulates work stealing on a machine that is described by its levels, with the library's own "
    "victim policies. Times are simulated: the same command prints the same report. The graph is "
    "made by a generator, "
    "or is that of a traced run: the tasks, forks and joins of a trace of level tasks.\v"
    "Examples:\n"
    "  filch sim tree:depth=16 --workers 1..64\n"
    "  filch sim uts:depth=10 --machine \"package:2 l3:4 core:16\" -w 128 -p all\n"
    "  filch sim --calibrate --output costs; filch sim loop:n=100000 --costs costs\n"
    "  FILCH_TRACE=run.trace,tasks ./program; filch sim run.trace --workers 1..64\n"
    "\n"
    "Exit status: 0; 1 when a measurement of --calibrate failed; 2 for a wrong\n"
    "command line, a file that cannot be read, a graph that is too large, and when\n"
    "the result could not be written.\n";

/* ---- Values ---- */

static unsigned long whole(const char *text, const char *what, unsigned long least,
                           unsigned long most, struct argp_state *state)
{
    unsigned long value = least;
    if (!spell_count(text, least, most, &value))
        argp_error(state, "%s '%s' is out of range (%lu..%lu)", what, text, least, most);
    return value;
}

static void add_count(sim_options *o, unsigned long workers, struct argp_state *state)
{
    if (o->counts == SIM_COUNTS)
        argp_error(state, "too many numbers of workers (at most %d)", SIM_COUNTS);
    else
        o->workers[o->counts++] = (unsigned)workers;
}

/* "8", or "1..8": 1, 2, 4, 8. The last one is there even if it is not reached by doubling. */
static void add_counts(sim_options *o, char *text, struct argp_state *state)
{
    static const char what[] = "number of workers";
    char *dots = strstr(text, "..");
    if (dots)
        *dots = '\0';
    unsigned long low = whole(text, what, 1, SIM_WORKERS, state);
    unsigned long high = dots ? whole(dots + 2, what, low, SIM_WORKERS, state) : low;
    for (; low < high; low *= 2)
        add_count(o, low, state);
    add_count(o, high, state);
}

static void add_policy(sim_options *o, const char *name, struct argp_state *state)
{
    const char *names[SIM_POLICIES];
    unsigned count = 0;
    for (; fl_policies[count]; count++)
        names[count] = fl_policies[count]->name;
    names[count] = NULL;
    if (strcmp(name, "all") == 0) {
        for (o->policy_count = 0; fl_policies[o->policy_count]; o->policy_count++)
            o->policies[o->policy_count] = fl_policies[o->policy_count];
        return;
    }
    int row = names_choose(name, "policy", names, state);
    if (o->policy_count < SIM_POLICIES)
        o->policies[o->policy_count++] = fl_policies[row];
}

static int choose_mode(const fl_mode *const *modes, const char *name, const char *what,
                       struct argp_state *state)
{
    const char *names[MODES] = {NULL};
    for (unsigned i = 0; i + 1 < MODES && modes[i]; i++)
        names[i] = modes[i]->name;
    return names_choose(name, what, names, state);
}

static void add_queue(sim_options *o, const char *name, struct argp_state *state)
{
    const char *names[SIM_QUEUES + 1] = {NULL};
    bool all = strcmp(name, "all") == 0;
    for (unsigned i = 0; i < SIM_QUEUES && sim_queues[i]; i++)
        names[i] = sim_queues[i]->name;
    if (all)
        o->queue_count = 0;
    int only = all ? 0 : names_choose(name, "queue", names, state);
    for (int i = 0; sim_queues[i]; i++)
        if ((all || i == only) && o->queue_count < SIM_QUEUES)
            o->queues[o->queue_count++] = sim_queues[i];
}

/* ---- The parser ---- */

static void add_all(sim_options *o, int key, char *list, struct argp_state *state)
{
    for (char *word; (word = strsep(&list, ","));)
        if (key == 'w')
            add_counts(o, word, state);
        else if (key == 'p')
            add_policy(o, word, state);
        else
            add_queue(o, word, state);
}

/* A combination that the library refuses has no simulation either. */
static void check_queues(const sim_options *o, struct argp_state *state)
{
    for (unsigned i = 0; i < o->queue_count; i++)
        for (unsigned row = 0; fl_queues[row]; row++)
            if (strcmp(fl_queues[row]->name, o->queues[i]->name) == 0 &&
                !fl_queue_supports(fl_queues[row], o->take))
                argp_error(state, "--take %s is impossible with queue '%s' (valid: %s)",
                           fl_take_modes[o->take]->name, o->queues[i]->name, fl_queues[0]->name);
}

static void read_graph(sim_options *o, const char *text, struct argp_state *state)
{
    char reason[REASON];
    if (o->text)
        argp_error(state, "'%s' is one graph too many (valid: one)", text);
    o->text = text;
    if (!generator_is_named(text) && (strchr(text, '/') || access(text, F_OK) == 0)) {
        if (replay_read(&o->replay, text, reason, sizeof reason))
            argp_error(state, "%s", reason);
        replay_graph(&o->replay, &o->graph);
    } else if (generator_read(&o->graph, text, reason, sizeof reason)) {
        argp_error(state, "%s", reason);
    }
}

static void read_costs(sim_options *o, const char *path, struct argp_state *state)
{
    char reason[REASON];
    if (costs_read(&o->costs, path, reason, sizeof reason))
        argp_error(state, "%s", reason);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    sim_options *o = state->input;
    switch (key) {
    case 'm':
        o->machine = argument;
        return 0;
    case 'w':
    case 'p':
    case OPTION_QUEUE:
        add_all(o, key, argument, state);
        return 0;
    case 's':
        o->seed = whole(argument, "seed", 0, UINT32_MAX, state);
        return 0;
    case 'f':
        o->format = (enum sim_format)names_choose(argument, "format", format_names, state);
        return 0;
    case 'o':
        o->output = strcmp(argument, "-") == 0 ? NULL : argument;
        return 0;
    case OPTION_TAKE:
        o->take = (enum fl_take_mode)choose_mode(fl_take_modes, argument, "take mode", state);
        return 0;
    case OPTION_IDLE:
        o->idle = (enum fl_idle_mode)choose_mode(fl_idle_modes, argument, "idle mode", state);
        return 0;
    case OPTION_SEEDS:
        o->seeds = (unsigned)whole(argument, "number of seeds", 1, SIM_SEEDS, state);
        return 0;
    case OPTION_COSTS:
        read_costs(o, argument, state);
        return 0;
    case OPTION_LIST:
        o->task = SIM_LIST;
        return 0;
    case OPTION_SHOW_COSTS:
        o->task = SIM_COSTS;
        return 0;
    case OPTION_SHOW_TASKS:
        o->task = SIM_TASKS;
        return 0;
    case OPTION_CALIBRATE:
        o->task = SIM_CALIBRATE;
        if (argument)
            o->rounds = (unsigned)whole(argument, "number of rounds", 1, CALIBRATE_ROUNDS, state);
        return 0;
    case ARGP_KEY_ARG:
        read_graph(o, argument, state);
        return 0;
    case ARGP_KEY_END:
        if (!o->text && (o->task == SIM_RUN || o->task == SIM_TASKS))
            argp_error(state, "no graph is named: a generator, which filch sim --list shows, or "
                              "the file of a trace");
        check_queues(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void options_parse(sim_options *o, int argc, char **argv)
{
    static const struct argp parser = {known, parse, "GENERATOR\nTRACE", about, NULL, NULL, NULL};
    *o = (sim_options){.seed = 1, .seeds = 1, .rounds = 21};
    costs_default(&o->costs);
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, o);
    if (!o->counts)
        o->workers[o->counts++] = o->replay.workers ? o->replay.workers : 16;
    if (!o->queue_count)
        o->queues[o->queue_count++] = sim_queues[0];
    if (!o->policy_count)
        o->policies[o->policy_count++] = fl_policies[0];
}
