/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Events of workers and of a thread outside, while a trace begins and ends. Real: runtime/engine/events,
 * runtime/trace/ring and names. Played: the file, whose blocks come from the heap and go back to it when the
 * trace ends; the owner, which creates and frees the trace as runtime/engine/observe/tracing.c does.
 *
 * Claims: an event sees a whole trace, and touches nothing of one that has ended; a reader finds each event
 * below `used` whole; a name has one number, with whichever worker it was first used. */
#include <runtime/engine/events.h>
#include <runtime/engine/observe/tracing.h>
#include <runtime/platform/lock.h>
#include <tests/model/system/system.h>

#include <stdlib.h>
#include <string.h>

enum { WORKER, OTHER, OWNER, WORKERS = 2 };
static const char NAME[] = "name";

static filch_runtime rt;
static fl_worker worker[WORKERS], *workers[WORKERS];
static fl_trace_header header;
static fl_tracing *tracing;
static fl_trace_block *shown; /* the worker's, for the reader */
static uint32_t number[WORKERS];

/* ---- The owner ---- */

static fl_tracing *create(void)
{
    fl_tracing *made = calloc(1, sizeof *made + WORKERS * sizeof *made->worker);
    made->file.header = &header;
    fl_trace_names_init(&made->names, &made->file);
    fl_trace_ring_init(&made->outside, &made->file, FL_TRACE_OUTSIDE, 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        made->worker[i].of = made;
        fl_trace_ring_init(&made->worker[i].ring, &made->file, i, 0);
    }
    return made;
}

static void end(fl_tracing *ended)
{
    for (unsigned i = 0; i < WORKERS; i++)
        fl_trace_ring_clear(&ended->worker[i].ring);
    fl_trace_ring_clear(&ended->outside);
    fl_trace_names_clear(&ended->names);
    free(ended);
}

static void begin_and_end(void)
{
    fl_tracing *made = create();
    fl_event_publish(&rt, made);
    fl_event_withdraw(&rt);
    mc_outcome(made->worker[WORKER].ring.block || made->outside.block ? "seen" : "missed");
    end(made);
}

/* ---- Rows ---- */

static void by_worker(unsigned thread)
{
    if (thread == OWNER)
        begin_and_end();
    else if (thread == WORKER)
        fl_event(&worker[WORKER], FL_TRACE_SWITCH, 1, 0);
}

static void by_name(unsigned thread)
{
    if (thread == OWNER)
        begin_and_end();
    else if (thread == WORKER)
        fl_event_named(&worker[WORKER], FL_TRACE_WAIT, 1, NAME);
}

static void by_outside(unsigned thread)
{
    if (thread == OWNER)
        begin_and_end();
    else if (thread == WORKER)
        fl_event_by(&rt, NULL, FL_TRACE_RESUME, 1);
}

static void by_two(unsigned thread)
{
    if (thread == OWNER)
        begin_and_end();
    else
        fl_event_named(&worker[thread], FL_TRACE_WAIT, 1, NAME);
}

static void look(void)
{
    uint64_t used = filch_u64_load(&shown->used, FILCH_ACQUIRE);
    const fl_trace_event *event = (const fl_trace_event *)(const void *)(shown + 1);
    mc_outcome(used ? "found" : "empty");
    for (uint32_t i = 0; i < used / sizeof *event; i++)
        MC_CLAIM(event[i].when == FL_TRACE_SWITCH && event[i].a == i + 2,
                 "a reader finds half an event");
}

static void read_along(unsigned thread)
{
    if (thread == OTHER)
        look();
    for (uint32_t i = 0; thread == WORKER && i < 2; i++)
        fl_event(&worker[WORKER], FL_TRACE_SWITCH, i + 2, 0);
}

MC_UNCHECKED static void tell_first(unsigned thread)
{
    if (!number[!thread])
        mc_reached(thread == WORKER ? "the worker was first" : "the other was first");
}

static void name_both(unsigned thread)
{
    number[thread] = fl_trace_name(&tracing->names, NAME);
    MC_CLAIM(number[thread] == 1, "a name has two numbers, or none");
    tell_first(thread);
}

/* ---- Before and after ---- */

static void setup(void)
{
    memset(&rt, 0, sizeof rt);
    memset(worker, 0, sizeof worker);
    memset(number, 0, sizeof number);
    heap_setup(false);
    locks_are_played = true;
    rcu_setup(1u << WORKER | 1u << OTHER);
    fl_worker_set_init(&rt.worker_set, WORKERS, WORKERS);
    mc_ignore(&rt.worker_set, sizeof rt.worker_set);
    rt.worker = workers;
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = &worker[i];
        worker[i].rt = &rt;
    }
    mc_name(&rt.tracing, "rt.tracing");
    mc_name(&worker[WORKER].trace, "worker.trace");
    mc_name(&worker[OTHER].trace, "other.trace");
}

static void setup_traced(void)
{
    setup();
    tracing = create();
    fl_event_publish(&rt, tracing);
    fl_event(&worker[WORKER], FL_TRACE_SWITCH, 2, 0); /* begins its block */
    shown = tracing->worker[WORKER].ring.block;
    filch_u64_store(&shown->used, 0, FILCH_RELAXED);
    tracing->worker[WORKER].ring.at--;
    mc_name(&shown->used, "used");
}

static void finish(void)
{
    MC_CLAIM(mc_objects() == 0, "a trace leaves memory behind");
}

static void finish_traced(void)
{
    end(tracing);
    finish();
}

#define OWNED                                                                                      \
    {                                                                                              \
        "worker", "other", "owner"                                                                 \
    }
#define BOTH                                                                                       \
    {                                                                                              \
        "worker", "other"                                                                          \
    }

const mc_model mc_models[] = {{"worker", "an event while a trace begins and ends", OWNED, setup,
                               by_worker, finish, .outcomes = "missed seen"},
                              {"named", "the same with a name", OWNED, setup, by_name, finish,
                               .outcomes = "missed seen"},
                              {"outside", "the same of a thread that is not a worker", OWNED, setup,
                               by_outside, finish, .outcomes = "missed seen"},
                              {"two", "two workers use a name while a trace begins and ends", OWNED,
                               setup, by_two, finish, .outcomes = "missed seen"},
                              {"reader", "a reader while a worker records", BOTH, setup_traced,
                               read_along, finish_traced, .outcomes = "empty found"},
                              {"names", "two workers use a name for the first time", BOTH,
                               setup_traced, name_both, finish_traced, .bound = 0,
                               .reaches = {"the worker was first", "the other was first"}},
                              {.name = NULL}};
