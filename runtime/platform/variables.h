/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The environment variables that the library reads: the one table of their names.
 *
 * A misspelt variable would change nothing, silently, so a runtime is not created while the
 * environment holds an unknown variable whose name is close to one of these. Close means: at most
 * so many letters inserted, removed, replaced or exchanged with their neighbour: one in names of up
 * to FL_VARIABLE_SHORT letters behind "FILCH_", two in longer ones. All other variables belong to
 * the program. */
#ifndef FL_VARIABLES_H
#define FL_VARIABLES_H

/* Each row: effect | values | default | field of filch_config. docs/reference.md has them as a table (tools/tables.py). */
/* clang-format off */
#define FL_VARIABLES(each) \
     each(BIND) /* placement of workers on CPUs (docs/workers.md) | auto, core, pu, none | auto | bind */ \
     each(BLOCKING_THREADS) /* most threads that make blocking calls at a time | 1..10000 | 64 | blocking_threads */ \
     each(CORES) /* cores that workers use, where the processor has fast and efficient ones (docs/workers.md) | all, fast, efficient | all | cores */ \
     each(DEADLOCK) /* answer to a deadlock: end the process, a report, one line, or nothing (docs/debugging.md) | die, report, warn, off | warn; die in a debug build | */ \
     each(EXPLORE) /* choice of the next virtual worker: of PCT (depth, steps), or from a file (docs/explore.md) | depth=D,steps=N,limit=N,replay=FILE,record=FILE | a random walk | */ \
     each(FENCE) /* fences of forks and joins: the thief pays (membarrier), or the owner | asymmetric, full | asymmetric where the kernel has membarrier | fence */ \
     each(GUEST) /* 1: a thread that calls filch_run works in the place of a sleeping worker, with the queues chase-lev...; 0: it waits (docs/fork-join.md) | 0, 1 | 1 | guest */ \
     each(IDLE) /* behaviour of a worker without work (docs/lab/README.md) | sleep, yield, spin | sleep | idle */ \
     each(INFO) /* prints the machine and all settings to stderr when a runtime is created | 0, 1 | 0 | */ \
     each(MAX_FIBERS) /* most fibers, that is, most tasks that wait at a time | 1..1000000 | 1000000 | max_fibers */ \
     each(POLICY) /* victim selection (docs/lab/README.md) | random, round-robin, last-victim, nearest, power-of-two-choices, richest | random | policy */ \
     each(QUEUE) /* place of forked tasks (docs/lab/README.md) | chase-lev, chase-lev-outline, chase-lev-fenced, the, abp, private-split, private-request, central-mutex, central-lockfree, sharing | chase-lev | queue */ \
     each(SEED) /* seed of random victim selection; 0: from the clock | 0..2^64-1 | 0 | seed */ \
     each(SHARE) /* shares statistics with filch top; 2: and lets it change workers and policy (docs/observe.md) | 0, 1, 2 | 0 | share */ \
     each(SPAN) /* measures work and span, and prints them to stderr when a runtime ends (docs/observe.md) | 0, 1 | 0 | */ \
     each(STACK_SIZE) /* bytes of a task's C stack | 16384..1073741824 | 262144 | stack_size */ \
     each(TAKE) /* number of tasks that a thief takes at a time (docs/lab/README.md) | adaptive, one, half | adaptive | take */ \
     each(TRACE) /* records the run in a file (docs/observe.md) | FILE[,steals][,tasks][,limit=SIZE][,full=stop][,full=overwrite] | | trace */ \
     each(VIRTUAL) /* number of virtual workers, whose interleaving follows from the seed (docs/explore.md) | 1..64 | | */ \
     each(WAIT) /* behaviour of a join whose task was stolen and is not done (docs/lab/README.md) | suspend, help-any, help-own | suspend | wait */ \
     each(WORKERS) /* number of workers | 1..1024 | one per core that the process may use, within its CPU quota | workers */ \
     each(MAX_WORKERS) /* most workers after filch_runtime_resize | 1..1024 | as workers | max_workers */
/* clang-format on */

#define FL_VARIABLE_NUMBER(name) FL_ENV_##name,
enum fl_variable { FL_VARIABLES(FL_VARIABLE_NUMBER) FL_ENV_COUNT };
#undef FL_VARIABLE_NUMBER

enum { FL_VARIABLE_SHORT = 5 };

/* Their names, "FILCH_BIND" and so on. */
extern const char *const fl_variables[FL_ENV_COUNT];

/* -EINVAL through fl_fail: a variable of the environment is unknown and close to a known one. */
int fl_variables_check(void);

#endif
