/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Resolves a configuration, the environment and the defaults into the settings of a runtime. The
 * configuration wins over the environment; a setting that neither names gets its default. */
#ifndef FL_SETTINGS_H
#define FL_SETTINGS_H

#include <filch/runtime.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/topology.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/trace/format.h>
#include <sched/mode.h>
#include <sched/queue.h>
#include <sched/victims/policy.h>

#include <stdbool.h>
#include <stdint.h>

/* ---- The grammar of FILCH_TRACE ---- */

/* How to trace: the options of filch_trace_start, and FILCH_TRACE=FILE[,OPTION...]. */

typedef struct fl_trace_options {
    char *file;     /* NULL: none */
    uint64_t limit; /* bytes */
    bool overwrites;
    enum fl_trace_level level;
} fl_trace_options;

/* options: as filch_trace_start has them. %p in file is the process. The caller frees out->file.
 * -EINVAL, -ENOMEM through fl_fail. */
int fl_trace_options_read(fl_trace_options *out, const char *file, const char *options);
/* FILE[,OPTION...], as in the environment. NULL: none. The second runtime that asks for it in this
 * process gets FILE.2, and so on. */
int fl_trace_options_of(fl_trace_options *out, const char *given);

/* ---- Settings ---- */

enum { FL_MOST_WORKERS = 1024 };

/* Reactions to a deadlock, each one stronger than the one before. */
enum fl_deadlock { FL_DEADLOCK_OFF, FL_DEADLOCK_WARN, FL_DEADLOCK_REPORT, FL_DEADLOCK_DIE };

typedef struct fl_settings {
    unsigned workers;     /* 0: as many as the CPUs that may be used */
    unsigned max_workers; /* 0: as many as workers */
    enum fl_bind bind;
    enum fl_cores_mode cores;
    const fl_policy *policy;
    const fl_queue *queue;
    bool full_fence; /* requested; there may be no other */
    size_t stack_size;
    unsigned max_fibers;
    unsigned blocking_threads;
    uint64_t seed;
    bool info;
    bool span;      /* measures work and span */
    bool guest;     /* threads that call filch_run work in a sleeper's place */
    unsigned share; /* 1: statistics; 2: and requests */
    enum fl_deadlock deadlock;
    enum fl_idle_mode idle;
    enum fl_take_mode take;
    enum fl_wait_mode wait;
    fl_trace_options trace;
} fl_settings;

/* -EINVAL: a value out of range or an unknown name; filch_error() lists the valid ones. config may
 * be NULL. seats: its threads are the program's (runtime/engine/guest.h), so FILCH_VIRTUAL does not change their
 * number. */
int fl_settings_resolve(fl_settings *out, const filch_config *config, bool seats);

/* The policy of that name; NULL: the one the environment names, else the default. -EINVAL through
 * fl_fail lists the valid names. */
int fl_policy_find(const fl_policy **out, const char *name);

/* ---- The grammar of FILCH_EXPLORE ---- */

/* The settings of the deterministic mode: FILCH_VIRTUAL, FILCH_SEED and FILCH_EXPLORE. */

/* text: FILCH_EXPLORE, or NULL. Texts of files are kept for the life of the process. -EINVAL through
 * fl_fail: an unknown option, or one out of range; -ENOMEM. */
int fl_virtual_options_read(fl_virtual_options *out, const char *text);

#endif
