/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks and threads that count, block, meet and panic, and the runtimes on which they run. */
#ifndef SUPPORT_TASKS_H
#define SUPPORT_TASKS_H

#include <filch/filch.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tests/support/patience.h>
#include <unistd.h>

/* ---- Signposts ---- */

/* Flags and counters by which tasks and threads of a test wait for each other: as long as it takes,
 * with the CPU left to others meanwhile. */

typedef filch_u32 signpost;
static inline void signpost_raise(signpost *post)
{
    filch_u32_add(post, 1, FILCH_ACQ_REL);
}

static inline uint32_t signpost_count(const signpost *post)
{
    return filch_u32_load(post, FILCH_ACQUIRE);
}

static inline void signpost_wait(const signpost *post, uint32_t count)
{
    WAIT_WHILE(signpost_count(post) < count);
}

/* ---- Fibonacci numbers ---- */

/* The smallest program of many tasks, for tests that are about something else: does a runtime still
 * work? */

FILCH_TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

long serial_fib(int n);
/* The queues that tests go through. */
extern const char *const fib_queues[2];
enum { FIB_QUEUES = 2 };
/* A runtime's whole life. Returns 0, or the error of the call that failed; 1: a wrong answer. */
int fib_life(unsigned workers, const char *queue, int n);

/* ---- Runtimes of all sizes ---- */

/* The runtimes on which everything that waits is tested: one worker, as many as there are
 * processors, and many more, on each queue. */

enum { CONFIGS = 8 };
extern const unsigned config_workers[4];
/* i: 0 .. CONFIGS - 1. max_fibers: as in filch_config. */
filch_config config_of(unsigned i, unsigned max_fibers);
filch_runtime *config_runtime(unsigned i, unsigned max_fibers);
const char *config_name(unsigned i);

/* Also in builds that have room for few; jobs that stand still need one each. */
void have_fibers(void);

enum { MODE_SIZES = 4 };
/* Whose joins wait as its mode says: those of guests always help. */
filch_runtime *mode_runtime(filch_config config);
filch_runtime_stats mode_stats(const filch_runtime *rt);
/* Its description has that line's beginning. Destroys it. */
void mode_is_described(filch_runtime *rt, const char *line);

/* ---- Stress ---- */

/* Shared by the stress tests: how much (FILCH_STRESS multiplies it, sanitizers divide), which seed
 * (FILCH_SEED, else the clock; printed, so that a failure can be repeated), and the runtimes. */

unsigned stress_times(unsigned times);
uint64_t stress_seed(void);
static inline uint64_t stress_mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ (x >> 32);
}

enum { STRESS_CONFIGS = 12 };
filch_config stress_config(unsigned i, uint64_t seed);
filch_runtime *stress_runtime(unsigned i, uint64_t seed);
const char *stress_name(unsigned i);
/* A task's own length: nothing, some instructions, or a step aside for the others. */
static inline void stress_dawdle(uint64_t random)
{
    if (random % 997 == 0) /* seldom: beside other load it costs a slice of time */
        sched_yield();
    for (volatile unsigned i = random % 5 ? 0 : random % 400; i; i--)
        ;
}

/* ---- Parties ---- */

/* Parties that meet at one object: tasks and threads, at the same time, on few and many workers of
 * each queue. */

/* self: NULL on a thread. */
typedef void party_fn(filch_self self, void *arg, unsigned index);
/* Returns when all have ended. Indices: first the tasks', then the threads'. */
void parties_meet(filch_runtime *rt, unsigned tasks, unsigned threads, party_fn *fn, void *arg);
/* On every runtime. */
void parties_meet_everywhere(unsigned tasks, unsigned threads, party_fn *fn, void *arg);
void party_gives_way(filch_self self);
/* Usually no deadline; otherwise now, or soon enough to be missed now and then. */
int64_t party_deadline(uint64_t random);

/* ---- Members of a test ---- */

/* In a test of waiting each runs a function, as a task of a runtime or as a thread of
 * its own. Results go into memory of the test, which asserts when all have ended: members do not
 * assert. */

enum { CREW_MOST = 64 };
enum crew_kind { CREW_TASK, CREW_THREAD, CREW_KINDS };
typedef void crew_fn(void *arg);
typedef struct crew_member {
    struct crew *all;
    crew_fn *fn;
    void *arg;
} crew_member;

typedef struct crew {
    filch_runtime *rt;
    unsigned count, threads;
    signpost ended;
    crew_member member[CREW_MOST];
    pthread_t thread[CREW_MOST]; /* the first `threads` of them */
} crew;

/* config: 0 .. CONFIGS - 1. Returns its name. */
const char *crew_open(crew *all, unsigned config);
void crew_start(crew *all, enum crew_kind kind, crew_fn *fn, void *arg);
/* Returns when all have ended; new ones may be started then. */
void crew_wait(crew *all);
void crew_close(crew *all);
/* On each runtime, with members of both kinds. */
typedef void crew_test(crew *all, enum crew_kind kind, const char *name);
void crew_everywhere(crew_test *test);

/* ---- Chains ---- */

/* Joins that suspend: each task waits a while until its child has been stolen, so that its join has
 * to wait for another worker. If nobody can steal, it continues all the same. */

enum { CHAIN_MOST = 200 };
extern signpost chain_links[CHAIN_MOST + 1];
/* Before each chain. */
void chain_lay(void);
/* Returns 1 + 2 + .. + depth; patience: looks at the child before it is joined anyway. */
FILCH_TASK(long, stolen_chain, (int, depth), (int, patience))
{
    signpost_raise(&chain_links[depth]);
    if (depth == 0)
        return 0;
    FILCH_FORK(stolen_chain, depth - 1, patience);
    for (int i = 0; i < patience && !signpost_count(&chain_links[depth - 1]); i++)
        sched_yield();
    FILCH_JOIN(long rest, stolen_chain);
    return rest + depth;
}

/* ---- Contexts; no memory for one fails the test ---- */

filch_context *child_of(filch_context *parent);
filch_context *until(filch_context *parent, int64_t when);

/* ---- Channels ---- */

/* Channels of a test, seen from within: their waiters. A test continues when all that it needs are
 * there. */

filch_channel *channel_of(size_t item_size, size_t capacity);
/* On both sides. */
unsigned channel_waiting(filch_channel *channel);
void channel_wait_for(filch_channel *channel, unsigned count);

/* ---- Scopes ---- */

filch_runtime *scope_runtime(unsigned workers);
/* Runs a test's body as a task, on runtimes of all sizes, both queues, and as a foreign thread
 * beside each. Under thread sanitizer, where a thread costs milliseconds, on three of them. */
typedef void body_fn(filch_runtime *rt);
FILCH_VOID_TASK(call_body, (body_fn *, body), (filch_runtime *, rt))
{
    body(rt);
}

void scope_everywhere(body_fn *body);

int scope_returns(filch_self self, filch_scope *scope, void *arg);
int scope_says(filch_self self, filch_scope *scope, void *arg);
int scope_until_cancelled(filch_self self, filch_scope *scope, void *arg);

/* ---- Panics ---- */

filch_runtime *panic_runtime(unsigned i);
void panic_runtimes(void (*claim)(filch_runtime *));
/* Letters in the order in which they were written; one task at a time writes. */
extern char panic_diary[64];
void write_letter(void *letter);
void start_diary(void);

#endif
