/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The command line of filch sim. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "replay.h"
#include "sim.h"

enum { SIM_COUNTS = 64, SIM_POLICIES = 64, SIM_QUEUES = 8, SIM_SEEDS = 1000 };

enum sim_format { FORMAT_TABLE, FORMAT_CSV, FORMAT_SVG, FORMAT_JSON };
enum sim_task { SIM_RUN, SIM_LIST, SIM_COSTS, SIM_TASKS, SIM_CALIBRATE };

typedef struct sim_options {
    enum sim_task task;
    generator graph;
    replay replay; /* the graph, if the text is the file of a trace; else its `workers` is 0 */
    const char *text, *machine; /* machine NULL: cores that share one cache */
    const fl_policy *policies[SIM_POLICIES];
    unsigned policy_count;
    unsigned workers[SIM_COUNTS], counts;
    unsigned speeds[SIM_WORKERS], speed_count; /* of machine_set_speeds */
    const sim_queue *queues[SIM_QUEUES];
    unsigned queue_count;
    enum fl_take_mode take;
    enum fl_idle_mode idle;
    uint64_t seed;
    unsigned seeds;
    unsigned rounds; /* of SIM_CALIBRATE */
    costs costs;
    enum sim_format format;
    const char *output; /* NULL: standard output */
} sim_options;

/* Ends the command if it is wrong. */
void options_parse(sim_options *o, int argc, char **argv);

#endif
