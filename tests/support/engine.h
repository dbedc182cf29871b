/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runtimes seen from within: workers that sleep, help, wait or are held. */
#ifndef SUPPORT_ENGINE_H
#define SUPPORT_ENGINE_H

#include <filch/stats.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <sched.h>
#include <sched/idle.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>

/* ---- Workers that sleep ---- */

/* Runtimes whose workers have begun and sleep: one that begins would take a refusal that is meant for
 * another call. */

void runtime_rests(filch_runtime *rt, unsigned workers);
filch_runtime *runtime_at_rest(unsigned workers);

/* ---- Guests, before whose regions all workers sleep, and afterwards, too ---- */

filch_runtime *guest_runtime(unsigned workers);
void wait_until_all_sleep(const filch_runtime *rt);
bool is_parked(const fl_worker *worker);
filch_runtime *guest_asleep(unsigned workers);
/* Nobody has left anything behind. */
void expect_rest(filch_runtime *rt);

/* ---- CPUs ---- */

/* A runtime that believes in another number of CPUs. Its workers read it when they search, so thread
 * sanitizer is not to see the store. */

void believe_in_cpus(filch_runtime *rt, unsigned cpus);

/* ---- Runtimes with room for more workers ---- */

/* Runtimes of some workers and slots for more. A wait here for a number of threads is a wait for
 * tasks that hold a worker each: only that many workers can hold them. */

enum { SLOTS_MOST = 8 };
filch_runtime *slots_runtime(unsigned workers, unsigned slots, const char *queue);
void on_both(void (*what)(const char *queue));
/* Returns how many there are then; -1: it failed. */
FILCH_TASK(int, resizes, (unsigned, workers))
{
    int rc = filch_runtime_resize(NULL, workers);
    return rc || fib(self, 12) != 144 ? -1 : (int)filch_runtime_workers(filch_runtime_here());
}

typedef struct hold {
    signpost came, go, left;
    filch_u32 on[SLOTS_MOST]; /* which workers are held */
} hold;

void slots_held(filch_self self, void *arg);
/* Waits until so many workers are held at once, then releases all. */
void hold_workers(filch_runtime *rt, unsigned count);
void wait_until_retired(filch_runtime *rt);

/* ---- A worker that is kept busy, so that tasks started on its runtime wait ---- */

struct fl_alarm;
typedef struct occupation {
    signpost begun, over;
} occupation;

void occupy(filch_self self, void *arg);
/* A runtime of one worker, which has nothing else to do until signpost_raise(&it->over). */
filch_runtime *occupied_runtime(occupation *it);
/* Returns when it has rung, and its task waits for the worker. */
void occupied_ring(filch_u32 *lock, struct fl_alarm *alarm);

/* ---- Calls that suspend ---- */

/* Public calls that suspend, as rows: each is made by a task, and while it waits, reports name
 * it. */

typedef struct waiting_call {
    const char *name; /* as reports name it */
    void (*make)(filch_self self);
    void (*let_go)(void); /* NULL: a time lets it go */
    unsigned workers;     /* 0: one */
} waiting_call;

extern filch_runtime *waiting_rt;
extern fl_fiber *waiting_fiber;
extern signpost waiting_begins, waiting_ended, waiting_holds, waiting_go;
extern int64_t waiting_time; /* ns, where a time lets a call go */
/* By the task, directly before the call. */
void now_it_waits(void);
/* The object that is cancelled. It has two holders: the task, which releases it, and the
 * canceller. */
extern filch_context *waiting_context;
void waiting_make_context(void);
void waiting_cancel(void);
/* For those that wait for a worker or for a function: holds a thread until waiting_go_on. */
void await_go(void *unused);
void hold_worker(filch_self self, void *unused);
void waiting_go_on(void);
void make_the_call(filch_self self, void *row);
void expect_names(const waiting_call *rows, unsigned count);

/* ---- Misuse ---- */

/* Misuse of forks and joins, each in a process of its own, which dies by two texts. */

FILCH_TASK(int, misuse_leaf)
{
    return 1;
}

filch_runtime *misuse_runtime(unsigned workers, const char *queue);
void expect_death(void (*work)(void), const char *first, const char *second);

/* ---- Statistics, and the relations between them ---- */

/* Whose regions are handed over: guests help, which no table of victims has. */
filch_runtime *stats_runtime(unsigned workers, const char *queue, const char *fence);
void stats_end(filch_runtime *rt);
/* worker: or FILCH_ALL_WORKERS. */
filch_runtime_stats stats_now(filch_runtime *rt, int worker);
uint64_t stats_value(const filch_runtime_stat *row, const filch_runtime_stats *stats);
/* Items taken by thieves, as counted. */
uint64_t stats_stolen(const filch_runtime_stats *stats);
/* Of a runtime whose tasks have ended, once its thieves have ended the thefts they had begun: a
 * relation that never holds keeps the test from ending. */
filch_runtime_stats stats_rested(filch_runtime *rt);
uint64_t stats_thefts(filch_runtime *rt);
/* Ends when all tables together are what all workers have counted. */
void stats_thefts_agree(filch_runtime *rt);

/* ---- A program of which each task is stolen ---- */

extern signpost stats_taken;
FILCH_VOID_TASK(stats_held)
{
    signpost_raise(&stats_taken);
}

/* Forks, and waits each time until somebody else has taken it. */
FILCH_VOID_TASK(stats_robbed, (unsigned, times))
{
    stats_taken = (signpost){0};
    for (unsigned i = 0; i < times; i++) {
        FILCH_FORK(stats_held);
        signpost_wait(&stats_taken, i + 1);
        FILCH_JOIN_VOID(stats_held);
    }
}

#endif
