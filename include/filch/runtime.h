/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime: workers, their fibers, and the discipline by which forked tasks are kept and found.
 *
 * Life: create, use from any number of threads, destroy. Any number of runtimes may live side by
 * side in a process; a `{0}` configuration, or none, is a good one. After fork() the child owns no
 * workers: its copies of the parent's runtimes refuse every call (-ECHILD); it may create runtimes
 * of its own.
 * Threads: every function may be called by any thread unless its comment says otherwise.
 * Errors: 0 or a negative errno, and filch_error() (<filch/base.h>) says what was wrong and what to
 * do. Whatever fails is undone. */
#ifndef FILCH_RUNTIME_H
#define FILCH_RUNTIME_H

#include <filch/fork.h>

/* ---- Types ---- */

typedef struct filch_runtime filch_runtime;

/* What to create. Zero or NULL in a field means: what the environment variable named beside it
 * says, else the default. What is set here wins over the environment. A name that is not known is
 * an error that lists the known ones. */
typedef struct filch_config {
    size_t size;      /* sizeof(filch_config), or 0: only what the first release knew */
    unsigned workers; /* FILCH_WORKERS: 1..1024; default: one per core this process may use */
    const char *bind; /* FILCH_BIND: "core" (default), "pu" (hardware thread), "none" */
    const char
        *policy; /* FILCH_POLICY: whom to rob: "random" (default), "round-robin", "last-victim",
                           "nearest", "power-of-two-choices", "richest" */
    const char *queue; /* FILCH_QUEUE: where forked tasks are kept: "chase-lev" (default),
                           "chase-lev-outline", "chase-lev-fenced", "the", "abp",
                           "private-split", "private-request", "central-mutex",
                           "central-lockfree", "sharing" (docs/lab.md) */
    const char *fence; /* FILCH_FENCE: "asymmetric" (default where there is membarrier), "full" */
    size_t stack_size; /* FILCH_STACK_SIZE: bytes of a fiber's C stack, 2^14..2^30; default 2^18 */
    unsigned max_fibers; /* FILCH_MAX_FIBERS: how many fibers at most, default 1,000,000; raised to
                            one more than workers. Joins need none to make progress; each task that
                            waits otherwise needs one */
    uint64_t seed;       /* FILCH_SEED: of the victims' choice; 0: from the clock */
    unsigned blocking_threads; /* FILCH_BLOCKING_THREADS: how many threads at most make blocking
                                  calls at a time, 1..10,000; default 64 (<filch/blocking.h>) */
    unsigned worker_slots;     /* FILCH_WORKER_SLOTS: how many workers at most, 1..1024, for
                              filch_runtime_resize; default, and least: workers */
    const char *idle; /* FILCH_IDLE: what workers do that have nothing to do: "sleep" (default),
                         "yield", "spin" */
    const char
        *take; /* FILCH_TAKE: how much a thief takes at a time: "adaptive" (default), "one", or
                         "half", where owners give: with queue "chase-lev" */
    const char *wait; /* FILCH_WAIT: what a join does whose task is stolen and not done: "suspend"
                         (default), "help-any", "help-own" (with queue "chase-lev"). Those that help
                         are for programs whose tasks wait for each other by joins alone */
} filch_config;

/* What workers have counted since the runtime was created: sums over them, or one worker's
 * (<filch/stats.h>, where it says what holds between these numbers). Read while tasks run, they are
 * those of moments that lie close together; none ever falls but `fibers` and
 * `suspended`. */
typedef struct filch_stats {
    uint64_t gifts;        /* times a thief that asked was handed tasks */
    uint64_t gift_tasks;   /* tasks so handed over */
    uint64_t robs;         /* tasks taken from a silent owner */
    uint64_t deque_steals; /* items taken from another worker's ready deque */
    uint64_t queue_takes;  /* tasks taken from a queue (central disciplines, sharing) */
    uint64_t asks;         /* requests made, answered or not */
    uint64_t heavy_fences; /* membarrier calls */
    uint64_t wakes;        /* sleeping workers woken */
    uint64_t parks;        /* times a worker went to sleep */
    uint64_t switches;     /* fiber switches */
    uint64_t migrations;   /* fibers that went on on another worker than they had stopped on */
    uint64_t outside;      /* tasks and ready fibers taken from outside */
    uint64_t fibers;       /* fibers in existence (of the runtime; not a sum: now) */
    /* Forks and joins that came out of line, and what became of forked tasks */
    uint64_t forks;         /* all forks where all_forks is 1; else those a thief interrupted */
    uint64_t joins_kept;    /* of a task that was still there: the joiner ran it. As forks */
    uint64_t joins_taken;   /* of a task that somebody had taken; all of them */
    uint64_t joins_dropped; /* forks that a panic dropped before they had begun */
    uint64_t tasks_taken;   /* forked tasks run by who took them: a thief, or from a queue */
    uint64_t flushed;       /* forked tasks put into ready deques, since their forker waited */
    /* Jobs: detached tasks, children of scopes, jobs of pools, calls from outside */
    uint64_t jobs_started; /* by tasks of the runtime, or taken from outside */
    uint64_t jobs_run;
    uint64_t joins_waited; /* joins that suspended their fiber */
    uint64_t suspensions;  /* times a fiber stopped to wait */
    /* Attempts to steal in vain, by reason */
    uint64_t missed_empty;       /* the fork stack offered nothing */
    uint64_t missed_busy;        /* another thief was asking */
    uint64_t missed_refused;     /* the owner answered that it had nothing */
    uint64_t missed_gone;        /* a silent owner's task was gone when it was to be robbed */
    uint64_t missed_ready_empty; /* the ready deque held nothing */
    uint64_t missed_ready_left;  /* its only item was left to its worker */
    uint64_t missed_ready_lost;  /* somebody else was faster */
    uint64_t growths;            /* times a ready deque grew */
    /* Nanoseconds of workers; together the age of each of them */
    uint64_t work_ns;    /* between finding something and finding nothing */
    uint64_t search_ns;  /* awake with nothing to do */
    uint64_t sleep_ns;   /* asleep, or on the way there and back */
    uint64_t retired_ns; /* surplus, or never needed (filch_runtime_resize) */
    uint64_t suspended;  /* fibers that wait (of the runtime; not a sum: now) */
    uint64_t all_forks;  /* 1: each fork comes out of line and is counted (of the runtime) */
    uint64_t pushes;     /* tasks put into another worker's queue by who forked them (sharing) */
    uint64_t exposures;  /* times an owner shared some of its private tasks (private-split) */
    uint64_t helps;      /* times a join ran what others had forked (filch_config.wait) */
} filch_stats;

struct filch_future;

/* A detached task. */
typedef void filch_go_fn(filch_self self, void *arg);

/* Where a task was started, for reports: its name, and the line. A constant of the program. */
typedef struct filch_place {
    filch_task task; /* the name alone */
    const char *file;
    int line;
} filch_place;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a runtime and starts its workers. config may be NULL. On success *out is the runtime; on
 * failure *out is untouched and nothing is left behind. -EINVAL a value out of range or a name not
 * known; -ENOMEM; -EAGAIN threads refused; -ENOSYS no usable topology. */
FILCH_API int filch_runtime_create(filch_runtime **out, const filch_config *config);

/* Waits until everything that was submitted has ended, stops the workers and frees the runtime. rt
 * may be NULL. Blocks. -EBUSY while a pool of jobs or of resources, a batcher or a pipeline lives on
 * it: destroy those first; -EDEADLK on a worker of this runtime; -ECHILD in a child process (there
 * the copy is left alone). */
FILCH_API int filch_runtime_destroy(filch_runtime *rt);

/* Makes it so many workers, 1 .. filch_runtime_worker_slots: for pools that grow and shrink, and for a
 * worker more while one is stuck. Any thread, tasks of the runtime as well. Does not wait: a worker
 * that has become surplus ends what it runs, and what that calls, then sleeps; what it had still to
 * do others do. A worker that is added looks for work at once. rt NULL: the runtime whose task
 * calls.
 * A worker's thread is created when there are so many workers for the first time. As long as there
 * are cores they are pinned as filch_config.bind says; those beyond run where the system puts them.
 * -EINVAL workers is out of range, or rt is NULL and no task calls; -EAGAIN, -ENOMEM a thread is
 * refused; -ECHILD. Then it is as before. */
FILCH_API int filch_runtime_resize(filch_runtime *rt, unsigned workers);

/* From now on its thieves choose by that policy; the names are those of filch_config.policy. Any
 * thread, also while tasks run: each worker goes by it from its next attempt on. Does not wait. rt
 * NULL: the runtime whose task calls; policy NULL: what a runtime is created with. -EINVAL no such
 * policy, or rt is NULL and no task calls; -ECHILD.
 * Then it is as before. */
FILCH_API int filch_runtime_set_policy(filch_runtime *rt, const char *policy);

/* ---- Operations ---- */

/* Runs one task, whose arguments lie in slot->args, and waits for it; its result is there
 * afterwards. slot is the caller's, on its stack. A foreign thread blocks; a task of another
 * runtime suspends its fiber, so that both runtimes go on. FILCH_RUN (<filch/task.h>) is the typed
 * form. -EDEADLK on a worker of this runtime (call the task function with self instead); -ECHILD;
 * what the task panicked with (<filch/panic.h>): then there is no result. */
FILCH_API int filch_run(filch_runtime *rt, const filch_task *task, filch_slot *slot);

/* The same, but ends in filch_die where filch_run returns an error; if the task panics, so does a
 * caller that is a task. */
FILCH_API void filch_run_or_die(filch_runtime *rt, const filch_task *task, filch_slot *slot);

/* Starts fn(self, arg) as a detached task; nobody waits for it but filch_runtime_destroy. Never
 * blocks. From a task of this runtime it goes to that worker's ready deque, from elsewhere to the
 * inbox. rt NULL: the runtime whose task calls. If it panics: filch_set_panic_handler
 * (<filch/panic.h>). -EINVAL fn is NULL, or rt is and no task calls;
 * -ENOMEM; -ECHILD. */
FILCH_API int filch_go(filch_runtime *rt, filch_go_fn *fn, void *arg);
FILCH_API int filch_go_from(filch_runtime *rt, filch_go_fn *fn, void *arg,
                            const filch_place *place);

/* Starts a task, whose arguments lie in slot->args and are copied, and lets its result of `size` bytes
 * land in an empty future (<filch/future.h>); if it panics, the future fails. FILCH_ASYNC
 * (<filch/task.h>) is the typed form. Never blocks, needs no memory. rt NULL: the runtime whose task
 * calls. -EALREADY the future is not empty; -EINVAL rt is NULL and no task calls; -ECHILD. */
FILCH_API int filch_async(filch_runtime *rt, struct filch_future *future, const filch_task *task,
                          filch_slot *slot, size_t size);

/* Lets other ready work of this worker go first: unjoined forks of this fiber become ready for
 * everybody, the fiber goes to the end of the line. Task only; suspends. */
FILCH_API void filch_yield(filch_self self);

/* ---- Queries ---- */

/* Number of workers: as many as filch_runtime_resize asked for last, else as the runtime was created
 * with. One that has become surplus may still be at work. */
FILCH_API unsigned filch_runtime_workers(const filch_runtime *rt);

/* How many workers there can ever be. Never changes: as long as this is an array with an entry for
 * each filch_worker_index. */
FILCH_API unsigned filch_runtime_worker_slots(const filch_runtime *rt);

/* The runtime whose task calls; NULL on a thread that is no worker. */
FILCH_API filch_runtime *filch_runtime_here(void);

/* The worker on which the calling task runs, 0 .. worker slots - 1; -1 on a thread that is no worker.
 * It can differ after every fork, join and call that may suspend. */
FILCH_API int filch_worker_index(void);

/* Fills *out. stats_size is sizeof(filch_stats): a caller built with an older, shorter one gets
 * what it knows. */
FILCH_API void filch_runtime_stats(const filch_runtime *rt, filch_stats *out, size_t stats_size);

/* One screen of what was decided and why: machine, workers and their places, discipline, policy,
 * fence, stacks. Writes at most size bytes with the closing NUL into text, returns the length of
 * the whole (as snprintf). FILCH_INFO=1 in the environment prints it to stderr at creation. */
FILCH_API size_t filch_runtime_describe(const filch_runtime *rt, char *text, size_t size);

FILCH_END_DECLS

/* So that reports name it. (filch_go)(rt, fn, arg) calls the function itself. */
#define filch_go(rt, fn, ...)                                                                      \
    (__extension__({                                                                               \
        static const filch_place fl_place_ = {{NULL, #fn}, __FILE__, __LINE__};                    \
        filch_go_from(rt, fn, __VA_ARGS__, &fl_place_);                                            \
    }))
#endif
