/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A configuration, the environment and the defaults, resolved into what will be done. The
 * configuration wins over the environment; what neither names gets the default. */
#ifndef FL_SETTINGS_H
#define FL_SETTINGS_H

#include <runtime/core/topology.h>

#include <filch/runtime.h>
#include <sched/discipline.h>
#include <sched/mode.h>
#include <sched/policy.h>

enum { FL_MOST_WORKERS = 1024 };

/* What is done about a deadlock, more and more. */
enum fl_deadlock { FL_DEADLOCK_OFF, FL_DEADLOCK_TELL, FL_DEADLOCK_REPORT, FL_DEADLOCK_DIE };

typedef struct fl_settings {
    unsigned workers;      /* 0: as many as the machine says */
    unsigned worker_slots; /* 0: as many as workers */
    enum fl_bind bind;
    const fl_policy *policy;
    const fl_discipline *discipline;
    bool full_fence; /* asked for; there may be no other */
    size_t stack_size;
    unsigned max_fibers;
    unsigned blocking_threads;
    uint64_t seed;
    bool info;
    enum fl_deadlock deadlock;
    enum fl_idle_mode idle;
    enum fl_take_mode take;
    enum fl_wait_mode wait;
} fl_settings;

/* -EINVAL: a value out of range or a name not known; filch_error() lists the known ones. config may
 * be NULL. */
int fl_settings_resolve(fl_settings *out, const filch_config *config);

/* The policy of that name; NULL: what the environment says, else the default. -EINVAL through fl_fail
 * lists those that there are. */
int fl_policy_find(const fl_policy **out, const char *name);

#endif
