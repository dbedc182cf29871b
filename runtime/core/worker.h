/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime and its workers, as the engine sees them (how many: J8 of runtime/core/crew.h). Fields
 * are grouped by who writes them; groups that different threads write lie on lines of their own. */
#ifndef FL_WORKER_H
#define FL_WORKER_H

#include <runtime/core/clock.h>
#include <runtime/core/counters.h>
#include <runtime/core/crew.h>
#include <runtime/core/fiber.h>
#include <runtime/core/inbox.h>
#include <runtime/core/settings.h>
#include <runtime/core/topology.h>
#include <runtime/sync/blocking.h>
#include <sched/deque.h>
#include <sched/discipline.h>
#include <sched/idle.h>
#include <sched/policy.h>
#include <sched/profit.h>
#include <sched/times.h>

#include <sys/select.h> /* sigset_t */

typedef struct fl_worker fl_worker;
typedef struct filch_runtime fl_runtime;

/* Done on the stack that was switched to, once nothing of `left` is in a register any more: only
 * now may others resume it. */
typedef void fl_action(fl_worker *worker, fl_fiber *left, void *arg);

/* What a search found. */
enum fl_work_kind { FL_WORK_SLOT, FL_WORK_RANGE, FL_WORK_FIBER, FL_WORK_JOB };
typedef struct fl_work {
    enum fl_work_kind kind;
    filch_slot *slot;       /* SLOT, RANGE: the first */
    const filch_task *task; /* SLOT */
    uint32_t count;         /* RANGE */
    bool gift;              /* SLOT, RANGE: from an owner's hand; its profit is reckoned */
    fl_fiber *fiber;        /* FIBER */
    fl_job *job;            /* JOB */
} fl_work;

enum fl_bell { FL_BELL_AWAKE, FL_BELL_PARKED, FL_BELL_RUNG, FL_BELL_RETIRED };

struct fl_worker {
    /* Never changes */
    fl_runtime *rt;
    unsigned index;
    fl_place place;
    pthread_t thread;
    void *signal_stack;
    filch_u64 *thefts; /* by victim: tasks and items taken from it; its own */
    bool carrier;      /* no worker: it carries blocking calls (runtime/sync/blocking.h) */
    bool late;         /* its slot was not active from the beginning */
    /* Read by thieves, written rarely */
    filch_ptr current; /* fl_forkstack * of the fiber it runs, NULL on its native stack */
    filch_u32 bell;    /* enum fl_bell: the futex it sleeps on */
    char apart1[FILCH_APART];
    /* Its own */
    fl_fiber *running;
    fl_action *action; /* of the switch under way */
    fl_fiber *left;
    void *action_arg;
    fl_fiber *spare; /* fibers kept back for the next suspension */
    unsigned spares;
    filch_u32 tick; /* finds; others overwrite it to hasten a due one (runtime/core/crew.c) */
    uint64_t rng;
    fl_profit profit;
    int64_t vain_nap;   /* ns: the last nap after a vain wake */
    int64_t drained_at; /* ns: when it last took jobs from the inbox, */
    unsigned drained;   /* and how many */
    unsigned victim;    /* whom it stole from last; its own index: nobody */
    unsigned misses;    /* rounds of stealing in vain since */
    bool woken;         /* by a token, and nothing found since */
    bool stolen_lately; /* the last work was a thief's: worth a longer look */
    fl_fiber native;    /* the thread's own stack; has no fork stack */
    int64_t gift_ended; /* ns: when the last gift did; 0: something has been done since */
    filch_u64 counters[FL_COUNTERS];
    fl_times times;
    char apart2[FILCH_APART];
    /* Written by owners that answer */
    fl_mailbox box;
    char apart3[FILCH_APART];
    fl_deque ready;
};

struct filch_runtime {
    /* Never changes */
    fl_settings settings;
    const fl_discipline *discipline;
    const fl_topology *topology;
    unsigned cpus;            /* that the process has */
    unsigned cores;           /* or PUs, or whatever workers are pinned to, one each */
    unsigned fork_generation; /* of the process that created it */
    bool asymmetric;          /* fences: membarrier, or full */
    fl_worker **worker;       /* crew.most of them */
    fl_crew crew;             /* changes when somebody resizes */
    sigset_t signals;         /* blocked in its workers: as in the thread that created it */
    void *queue;              /* the discipline's */
    filch_u64 *thefts;        /* the workers', a row each */
    filch_ptr policy;         /* const fl_policy * */
    filch_u32 stopping;       /* destroy was called */
    filch_u32 finished;       /* and nothing is left to do */
    filch_u32 tenants;        /* objects of its users that start tasks on it by themselves */
    char apart1[FILCH_APART];
    fl_idle idle;
    fl_inbox inbox;
    fl_fibers fibers;
    fl_blocking blocking;
    fl_runtime *next; /* in the list of the detector of deadlocks */
};

/* How many workers there ought to be. */
static inline unsigned fl_workers(const fl_runtime *rt)
{
    return filch_u32_load(&rt->crew.active, FILCH_RELAXED); /* a number; nothing depends on it */
}

/* How many there can be that have something to take: what whoever looks at all of them looks at. */
static inline unsigned fl_reach(const fl_runtime *rt)
{
    return filch_u32_load(&rt->crew.reach, FILCH_ACQUIRE); /* J8 */
}

/* There is a CPU for each worker: a short wait may spin. */
static inline bool fl_may_spin(const fl_runtime *rt)
{
    return fl_workers(rt) <= rt->cpus;
}

/* Ought it to retire? */
static inline bool fl_surplus(const fl_worker *worker)
{
    return worker->index >= fl_workers(worker->rt);
}

#ifdef FL_UNCOUNTED /* to measure what counting costs: bench/bars/statistics.c */
#define FL_COUNTED(counter) ((counter) == FL_SUSPENDED)
#else
#define FL_COUNTED(counter) true
#endif

static inline void fl_count(fl_worker *worker, enum fl_counter counter, uint64_t n)
{
    filch_u64 *count = &worker->counters[counter];
    if (!FL_COUNTED(counter))
        return;
    /* relaxed: single writer, readers sum approximately */
    filch_u64_store(count, filch_u64_load(count, FILCH_RELAXED) + n, FILCH_RELAXED);
}

static inline uint64_t fl_sum(const fl_runtime *rt, enum fl_counter counter)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < rt->crew.most; i++) /* relaxed: approximate while workers run */
        sum += filch_u64_load(&rt->worker[i]->counters[counter], FILCH_RELAXED);
    return sum;
}

/* So many tasks or items came from that victim. */
static inline void fl_count_theft(fl_worker *worker, const fl_worker *victim, uint64_t n)
{
    filch_u64 *thefts = &worker->thefts[victim->index];
    if (FL_COUNTED(FL_COUNTERS)) /* relaxed: as above */
        filch_u64_store(thefts, filch_u64_load(thefts, FILCH_RELAXED) + n, FILCH_RELAXED);
}

/* Something of that kind came through the inbox. Of what its tasks start jobs are counted there. */
static inline void fl_count_outside(fl_worker *worker, enum fl_job_kind kind)
{
    fl_count(worker, FL_OUTSIDE, 1);
    if (kind != FL_JOB_FIBER)
        fl_count(worker, FL_JOBS_STARTED, 1);
}

/* The worker does that from `now` on; fl_turn: from now on. */
static inline void fl_turn_at(fl_worker *worker, enum fl_doing doing, int64_t now)
{
    if (FL_COUNTED(FL_COUNTERS))
        fl_times_turn(&worker->times, doing, now);
}

static inline void fl_turn(fl_worker *worker, enum fl_doing doing)
{
    if (FL_COUNTED(FL_COUNTERS))
        fl_turn_at(worker, doing, fl_now());
}

/* Released by who has read a ready deque's buffer, acquired by who frees an old one: the edge that a
 * grace period makes, for thread sanitizer. Never read. */
extern char fl_readers;

/* The worker whose thread calls, or NULL. Out of line: thread-locals must not be cached across a
 * switch. */
fl_worker *fl_worker_here(void);

/* The same, or what carries a blocking call on this thread. */
fl_worker *fl_carrier_here(void);
/* The fiber that calls, on its worker or in a blocking call; NULL: this is no task. */
fl_fiber *fl_fiber_here(void);
void fl_carrier_set(fl_worker *carrier);

/* Dies if the fiber is in a blocking call, where there is no worker for `what`. */
static inline void fl_refuse_carried(const fl_fiber *fiber, const char *what)
{
    if (FILCH_UNLIKELY(fiber->worker->carrier))
        filch_die("%s between filch_blocking_begin and filch_blocking_end; end the blocking call "
                  "first",
                  what);
}

/* In a child of fork(): its only thread is no worker, whatever its parent was. */
void fl_worker_forget(void);

/* Creates rt->worker[index] with all it needs but its thread; *out untouched on failure. */
int fl_worker_create(fl_runtime *rt, unsigned index, fl_worker **out);
int fl_worker_start(fl_worker *worker);
/* Its thread has ended, or was never started. */
void fl_worker_destroy(fl_worker *worker);

/* ---- Finding work (find.c, steal.c) ---- */

/* The next thing to do; searches and sleeps. false: the runtime is finished. */
bool fl_find(fl_worker *worker, fl_work *work);
/* false: an offered slot that somebody else has had. */
bool fl_work_from_item(fl_work *work, void *item);
/* How often there is a look at everything. A prime, so that it does not beat with a program's own
 * rhythm. */
enum { FL_FIND_TURN = 61 };
static inline bool fl_find_is_due(unsigned tick)
{
    return tick % FL_FIND_TURN == 0;
}
static inline unsigned fl_next_tick(const fl_worker *worker)
{
    return filch_u32_load(&worker->tick, FILCH_RELAXED) + 1; /* its own, but for a hint */
}
/* One round over the others, whom the policy chooses, until something is taken `from` one of them. */
typedef bool fl_steal_from(fl_worker *worker, fl_worker *victim, fl_work *work);
bool fl_steal_round(fl_worker *worker, fl_work *work, fl_steal_from *from);
/* A slot was taken whose task lies in `claimed`: counts that, and makes it the work. true. */
bool fl_took(fl_worker *worker, enum fl_counter counter, filch_slot *slot, fl_work *work);
/* One round over the fork stacks of others: ask, then rob; or ask, and leave alone who does not answer. */
bool fl_steal_forked(fl_worker *worker, fl_work *work);
bool fl_steal_asking(fl_worker *worker, fl_work *work);
/* From one fork stack that offers something: ask, then rob. */
bool fl_steal_stack(fl_worker *worker, fl_forkstack *stack, fl_work *work);
/* One round over the ready deques of others. */
bool fl_steal_ready(fl_worker *worker, fl_work *work);
/* An item from it, whatever it is, or NULL. */
void *fl_steal_item(fl_worker *worker);
/* An item from one of the workers that are surplus, in turn, or NULL. */
void *fl_steal_left_behind(fl_worker *worker, unsigned turn);
/* Is there anything to do for anybody? A look without fences. */
bool fl_work_anywhere(fl_runtime *rt);
/* The part of it that lies in inbox and ready deques. */
bool fl_work_ready(fl_runtime *rt);

/* ---- Running it (execute.c) ---- */

/* A fiber's life: find, run, again; entry of every fiber. */
void fl_fiber_loop(void *fiber);
/* Runs what was taken from others' forks, SLOT or RANGE, from self on. */
void fl_run_forked(filch_self self, const fl_work *work);
/* Runs a taken slot and publishes its result. */
void fl_run_slot(filch_self self, filch_slot *slot, const filch_task *task);
/* A panic's join, of the last unjoined fork: it is not run, or its outcome is dropped (forkjoin.c).
 * May suspend. */
void fl_drop(filch_slot *slot);

/* ---- Misuse (forkjoin.c) ---- */

/* Dies unless the fiber of self is what the calling thread, a worker, runs. */
void fl_refuse_stranger(filch_self self, const char *what);

/* ---- Suspending (suspend.c) ---- */

/* The calling fiber stops; another goes on, on which action(worker, calling fiber, arg) is run
 * first. Its fork stack must be empty or flushed. Returns when somebody resumes the fiber, perhaps
 * on another worker. */
void fl_leave(fl_fiber *fiber, fl_action *action, void *arg);
/* The same with a flush: for every suspension that is not a join. */
void fl_suspend(filch_self self, fl_action *action, void *arg);
/* Goes on with `next` at once; the calling fiber is at the bottom of its loop and needed no more.
 */
void fl_retire_into(fl_fiber *fiber, fl_fiber *next);
void fl_switch(fl_worker *worker, fl_fiber *from, fl_fiber *to, fl_action *action, void *arg);
/* What comes first on a stack that was switched to. */
void fl_arrive(fl_fiber *fiber);
/* Makes a suspended fiber ready. Any thread. */
void fl_resume(fl_runtime *rt, fl_fiber *fiber);
/* A fiber to run the loop on, or NULL: none can be had. */
fl_fiber *fl_fiber_for_loop(fl_worker *worker);
void fl_fiber_recycle(fl_worker *worker, fl_fiber *fiber);
/* Gives up the fibers that the worker keeps back for itself. */
void fl_fibers_return(fl_worker *worker);

/* ---- Sleeping and waking (park.c) ---- */

/* The caller searched in vain. true: search again; false: the runtime is finished. nap: ns, 0:
 * none. */
bool fl_sleep(fl_worker *worker, int64_t nap);
/* Puts a job into the inbox and wakes somebody for it. */
void fl_submit(fl_runtime *rt, fl_job *job, unsigned near);
/* Puts a job where its caller, a worker of rt or not, leaves work for it. Never fails. */
void fl_start(fl_runtime *rt, fl_job *job);
/* The same for a job that can wait for whoever is being woken already, as one does that takes many:
 * two who come for few find little, and oust their submitter. */
void fl_start_patient(fl_runtime *rt, fl_job *job);
/* The same for count jobs, with one fence, and one who is woken: who finds several wakes the next. */
void fl_start_all(fl_runtime *rt, fl_job *const *jobs, unsigned count);
/* A pool, or something else that starts tasks by itself, lives on rt from now on, or does not any
 * more: filch_runtime_destroy refuses meanwhile. A count against mistakes; it orders nothing. */
static inline void fl_move_in(fl_runtime *rt)
{
    filch_u32_add(&rt->tenants, 1, FILCH_RELAXED); /* see above */
}
static inline void fl_move_out(fl_runtime *rt)
{
    filch_u32_add(&rt->tenants, (uint32_t)-1, FILCH_RELAXED); /* see above */
}
/* The runtime that a caller means: *rt, or with NULL its own, which then is *rt. Negative errno
 * through fl_fail. */
int fl_runtime_meant(fl_runtime **rt, const char *call);
/* As fl_submit, for whoever is no worker of rt, which may be destroyed as soon as the job is done, but
 * not before the caller has left it. */
void fl_submit_across(fl_runtime *rt, fl_job *job, unsigned near, fl_unless unless);
/* The same for count jobs, at least one; unless: FL_UNLESS_AWAKE. */
void fl_submit_all_across(fl_runtime *rt, fl_job *const *jobs, unsigned count, unsigned near);
/* After publishing something and a seq_cst fence: wakes one sleeper, unless that holds. near: where
 * to look for one first. */
void fl_wake_one(fl_runtime *rt, unsigned near, fl_unless unless);
/* The caller, a searcher, found work. */
void fl_found(fl_worker *worker, bool gift);
void fl_ring_everybody(fl_runtime *rt);
/* Pushes onto the worker's own ready deque and wakes somebody for it. -ENOMEM. */
int fl_push_ready(fl_worker *worker, void *item);
/* The same for jobs that are no fibers. Returns how many there was memory for, the first so many. */
unsigned fl_push_ready_all(fl_worker *worker, fl_job *const *jobs, unsigned count);

#endif
