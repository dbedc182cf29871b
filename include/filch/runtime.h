/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime: its workers, their fibers, and the queue that holds forked tasks. For engineers.
 *
 *   filch_runtime *rt;
 *   filch_runtime_create(&rt, NULL);
 *   long result = FILCH_RUN(rt, fib, 42);                    <filch/task.h>
 *   filch_runtime_destroy(rt);
 *
 * Life: a runtime is created, used from any number of threads, and destroyed. Any number of
 * runtimes may coexist in a process; a `{0}` or NULL configuration is a good default. After fork()
 * the child has no workers: its copies of the parent's runtimes refuse every call (-ECHILD). It may
 * create its own.
 * Threads: any thread may call every function unless its comment says otherwise.
 * Errors: 0 or a negative errno, and filch_error() (<filch/base.h>) says what was wrong and what
 * to do. A failed call has no effect.
 * Suspends: only calls whose comments say so.
 * Since 0.1.0. */
#ifndef FILCH_RUNTIME_H
#define FILCH_RUNTIME_H
#include <filch/detail/hide_words.h>

#include <filch/fork.h>

/* ---- Types ---- */

typedef struct filch_runtime filch_runtime;

/* The runtime to create. A zero or NULL field takes the value of the environment variable named
 * beside it, else the default. A field that is set overrides the environment. An unknown name is an
 * error that lists the valid ones. So is an unknown variable whose name is close to a valid one,
 * such as FILCH_WORKER. */
typedef struct filch_config {
    size_t size;      /* sizeof(filch_config), or 0: only the fields of the first release */
    unsigned workers; /* FILCH_WORKERS: 1..1024; default: one per core this process may use */
    const char
        *bind; /* FILCH_BIND: where workers run: "auto" (default): one core each if there is a
                  worker for every core, else together on some cores; "core" or "pu" (hardware
                  thread): one each; "none": as the creator (docs/workers.md) */
    const char *cores;  /* FILCH_CORES: cores that workers use, where the processor has fast and
                           efficient ones: "all" (default): fast ones first; "fast",
                           "efficient": only those (docs/workers.md) */
    const char *policy; /* FILCH_POLICY: victim selection: "random" (default), "round-robin",
                           "last-victim", "nearest", "power-of-two-choices", "richest" */
    const char *queue;  /* FILCH_QUEUE: where forked tasks are kept: "chase-lev" (default),
                           "chase-lev-outline", "chase-lev-fenced", "the", "abp",
                           "private-split", "private-request", "central-mutex",
                           "central-lockfree", "sharing" (docs/lab/README.md) */
    const char *fence;  /* FILCH_FENCE: "asymmetric" (default if membarrier is available), "full" */
    size_t stack_size;  /* FILCH_STACK_SIZE: bytes of a fiber's C stack, 2^14..2^30; default 2^18 */
    unsigned max_fibers;       /* FILCH_MAX_FIBERS: the most fibers, default 1,000,000; at least
                                  workers + 1; and one more for each thread that works in
                                  filch_run. Joins need none to make progress; every other
                                  waiting task needs one */
    uint64_t seed;             /* FILCH_SEED: for victim selection; 0: from the clock */
    unsigned blocking_threads; /* FILCH_BLOCKING_THREADS: the most threads that make blocking
                                  calls at a time, 1..10,000; default 64 (<filch/blocking.h>) */
    unsigned max_workers;      /* FILCH_MAX_WORKERS: the most workers, 1..1024, for
                                  filch_runtime_resize; default and minimum: workers */
    const char *idle;          /* FILCH_IDLE: behaviour of idle workers: "sleep" (default),
                                  "yield", "spin" */
    const char *take;  /* FILCH_TAKE: tasks per steal: "adaptive" (default), "one", or "half"
                         where owners hand over tasks: with queue "chase-lev" */
    const char *wait;  /* FILCH_WAIT: behaviour of a join whose task is stolen and not done:
                         "suspend" (default), "help-any", "help-own" (with queue "chase-lev").
                         The helping modes are for programs whose tasks wait for each other by
                         joins alone */
    const char *trace; /* FILCH_TRACE: records the run in a file from its start (<filch/trace.h>):
                          "FILE", or with options: "FILE,limit=4G" */
    unsigned share;    /* FILCH_SHARE: 1: shares statistics with `filch top` of the same user, or of
                       root; 2: also lets it change the workers and the policy; default 0 */
    const char *guest; /* FILCH_GUEST: a thread that calls filch_run: "1" (default): works in the
                          place of a sleeping worker, on its own stack, where owners hand over
                          tasks: with queue "chase-lev" (docs/fork-join.md); "0": waits while a
                          worker runs the task */
} filch_config;

/* Counts of the workers since the runtime was created: totals, or one worker's (<filch/stats.h>,
 * which also states the invariants between them). While tasks run, the fields are read at
 * slightly different moments. All but `fibers`, `fibers_used` and `suspended` never decrease. */
typedef struct filch_runtime_stats {
    uint64_t gifts;        /* times that a thief asked and was handed tasks */
    uint64_t gift_tasks;   /* tasks handed over in gifts */
    uint64_t robs;         /* tasks taken from a silent owner */
    uint64_t deque_steals; /* items taken from another worker's ready deque */
    uint64_t queue_takes;  /* tasks taken from a queue (central queues, sharing) */
    uint64_t asks;         /* requests made, answered or not */
    uint64_t heavy_fences; /* membarrier calls */
    uint64_t wakes;        /* sleeping workers woken */
    uint64_t parks;        /* times a worker went to sleep */
    uint64_t switches;     /* fiber switches */
    uint64_t migrations;   /* fibers that resumed on another worker than before */
    uint64_t outside;      /* tasks and ready fibers taken from outside */
    uint64_t fibers;       /* fibers in existence (of the runtime; a current value, not a sum) */
    /* Out-of-line forks and joins, and the fate of forked tasks */
    uint64_t forks;         /* all forks if all_forks is 1; else those that a thief interrupted */
    uint64_t joins_kept;    /* the task was still there: the joiner ran it. Counted like
                               `forks` */
    uint64_t joins_taken;   /* the task had been taken; all such joins */
    uint64_t joins_dropped; /* forks dropped by a panic before they began */
    uint64_t tasks_taken;   /* forked tasks run by a thief, or taken from a queue */
    uint64_t flushed;       /* forked tasks put into ready deques because their forker waited */
    /* Jobs: detached tasks, children of scopes, jobs of pools, calls from outside */
    uint64_t jobs_started; /* started by tasks of the runtime, or taken from outside */
    uint64_t jobs_run;
    uint64_t joins_waited; /* joins that suspended their fiber */
    uint64_t suspensions;  /* times a fiber stopped to wait */
    /* Unsuccessful attempts to steal, by reason */
    uint64_t missed_empty;       /* the fork stack offered nothing */
    uint64_t missed_busy;        /* another thief was asking */
    uint64_t missed_refused;     /* the owner answered that it had nothing */
    uint64_t missed_gone;        /* a silent owner's task was gone before it could be taken */
    uint64_t missed_ready_empty; /* the ready deque held nothing */
    uint64_t missed_ready_left;  /* its only item was left to its worker */
    uint64_t missed_ready_lost;  /* another thief was faster */
    uint64_t growths;            /* times a ready deque grew */
    /* Nanoseconds of workers; together the age of each worker */
    uint64_t work_ns;    /* from finding work to finding none */
    uint64_t search_ns;  /* awake with nothing to do */
    uint64_t sleep_ns;   /* asleep, falling asleep or waking up */
    uint64_t retired_ns; /* surplus, or never needed (filch_runtime_resize) */
    uint64_t suspended;  /* fibers that wait (of the runtime; a current value, not a sum) */
    uint64_t all_forks;  /* 1: every fork goes out of line and is counted (of the runtime) */
    uint64_t pushes;     /* tasks that their forker put into another worker's queue (sharing) */
    uint64_t exposures;  /* times that an owner shared some of its private tasks (private-split) */
    uint64_t helps;      /* times a join, or filch_help_until, ran other forked tasks */
    /* Of the runtime */
    uint64_t fibers_used; /* fibers that are not idle: those of running or waiting jobs, one for
                                  each other worker, and up to 8 that a worker keeps for its next
                                  waits (a current value) */
    uint64_t fibers_used_most; /* the most at a time; if max_fibers, jobs had to wait for one */
} filch_runtime_stats;

struct filch_future;

/* A detached task. */
typedef void filch_go_fn(filch_self self, void *arg);

/* The place in the source where a task was started, for reports. A constant of the program. */
typedef struct filch_place {
    filch_task task; /* the name alone */
    const char *file;
    int line;
} filch_place;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a runtime and starts its workers. config may be NULL. On success *out is the runtime; on
 * failure *out is untouched and nothing has changed. Its tasks and jobs begin in the calling
 * thread's current floating-point mode (rounding, flush-to-zero, enabled traps) and keep their own
 * while they wait; for forked tasks that are not stolen see <filch/task.h>.
 * Errors: -EINVAL (a value out of range or an unknown name: filch_error() lists the valid ones);
 * -ENOMEM; -EAGAIN (a thread was refused: raise the limit of threads); -ENOSYS (no usable topology:
 * is /sys mounted? filch_error() has the reason); -ENOTSUP (the program is built with thread
 * sanitizer and the library is not: docs/limits.md). */
FILCH_API int filch_runtime_create(filch_runtime **out, const filch_config *config);

/* Waits until everything submitted has ended, stops the workers and frees the runtime. rt may be
 * NULL. Blocks.
 * Errors: -EBUSY (a pool of jobs or resources, a batcher or a pipeline uses it: destroy those
 * first). -EDEADLK (called on a worker of this runtime); -ECHILD (in a child of fork(), which keeps
 * its copy). */
FILCH_API int filch_runtime_destroy(filch_runtime *rt);

/* Sets the number of workers, 1 .. filch_runtime_max_workers: for pools that grow and shrink, or
 * for an extra worker while one is stuck. Any thread, including tasks of the runtime. Does not
 * wait. rt NULL: the calling task's runtime.
 * A surplus worker finishes its current task and that task's calls, then sleeps; other workers
 * take over its queued work. An added worker looks for work at once. A worker's thread is
 * created when the number first reaches it. Workers are placed as filch_config.bind says while
 * there are free cores; the system places further ones.
 * Errors, after which nothing has changed: -EINVAL (workers is out of range, or rt is NULL
 * outside a task); -EAGAIN or -ENOMEM (a thread could not be created); -ECHILD. */
FILCH_API int filch_runtime_resize(filch_runtime *rt, unsigned workers);

/* Sets the victim policy of the runtime's thieves; the names are those of filch_config.policy. Any
 * thread, even while tasks run: each worker uses it from its next attempt. Does not wait. rt NULL:
 * the calling task's runtime; policy NULL: the default of a new runtime.
 * Errors, after which nothing has changed: -EINVAL (unknown policy, or rt is NULL outside a task);
 * -ECHILD. */
FILCH_API int filch_runtime_set_policy(filch_runtime *rt, const char *policy);

/* ---- Operations ---- */

/* Runs one task with the arguments in slot->args, waits for it, and stores its result there. slot
 * belongs to the caller and is on its stack. A thread that is not a worker runs the task itself, on
 * its own stack, in place of a sleeping worker (filch_config.guest); its forks can be stolen.
 * If no worker sleeps, the thread blocks while a worker runs the task. The task must not call
 * pthread_exit; pthread_cancel takes effect after the call. In a task of another runtime the call
 * suspends, so both runtimes continue. FILCH_RUN (<filch/task.h>) is the typed form.
 * Errors, after which there is no result: -EINVAL (rt is NULL and the caller is not a task);
 * -EDEADLK (on a worker of this runtime: call the task function with self instead). -ECHILD; the
 * code of a panic of the task (<filch/panic.h>). */
FILCH_API int filch_run(filch_runtime *rt, const filch_task *task, filch_slot *slot);
/* The same with the place of the call, for the macro below. file is not copied; NULL: unknown. */
FILCH_API int fl_run_at(filch_runtime *rt, const filch_task *task, filch_slot *slot,
                        const char *file, int line);

/* The same, but calls filch_die where filch_run returns an error. If the task panics, a calling
 * task panics too. */
FILCH_API void fl_run_or_die(filch_runtime *rt, const filch_task *task, filch_slot *slot,
                             const char *file, int line);

/* Starts fn(self, arg) as a detached task; only filch_runtime_destroy waits for it. Never
 * blocks. A task of this runtime puts it into its worker's ready deque, any other caller into
 * the inbox. rt NULL: the calling task's runtime. For panics see filch_set_panic_handler
 * (<filch/panic.h>). Errors: -EINVAL (fn is NULL, or rt is NULL outside a task); -ENOMEM;
 * -ECHILD. */
FILCH_API int filch_go(filch_runtime *rt, filch_go_fn *fn, void *arg);
/* The same with a given place, for the macro below. place must outlive the task. */
FILCH_API int fl_go_at(filch_runtime *rt, filch_go_fn *fn, void *arg, const filch_place *place);

/* Starts a task with a copy of the arguments in slot->args; its result of `size` bytes goes to
 * an empty future (<filch/future.h>). If the task panics, the future fails. FILCH_ASYNC
 * (<filch/task.h>) is the typed form. Never blocks, and allocates nothing. rt NULL: the calling
 * task's runtime. file and line: the place of the call, for reports; file is not copied; NULL:
 * unknown.
 * Errors: -EALREADY (the future is not empty); -EINVAL (rt is NULL outside a task); -ECHILD. */
FILCH_API int filch_async(filch_runtime *rt, struct filch_future *future, const filch_task *task,
                          filch_slot *slot, size_t size, const char *file, int line);

/* Lets other ready work of this worker run first: unjoined forks of the calling task become ready
 * for all workers, and the task goes to the end of the inbox. Tasks only; suspends. */
FILCH_API void filch_yield(filch_self self);

/* Calls fn(arg) on the calling thread. On a worker, its affinity is widened for the call to that
 * of the thread that created the runtime. Threads and processes that fn starts (pthread_create,
 * system, posix_spawn) then do not inherit the worker's core. Afterwards the worker is bound
 * again. A mask changed from outside (taskset -a, a cpuset, the task itself) or by fn is left
 * alone. On a thread that is not a worker it only calls fn(arg).
 * Inside fn, a call that would suspend the task ends in filch_die, which names it: wait after fn
 * has returned. Calls may be nested. A panic that leaves fn ends the call; a C++ exception must
 * not leave fn. Errors, after which fn was not called: -EINVAL (fn is NULL); the negative errno
 * of the system if it refuses the wider affinity. */
FILCH_API int filch_unpinned(void (*fn)(void *arg), void *arg);

/* ---- Phases ---- */

/* Begins a phase: a series of parallel regions with serial work between them. In a phase, workers
 * without work stay awake for the next region, for up to 100 ms. Waking one takes 5 to 50 us, so a
 * region of that length gains nothing from a sleeping worker. Outside phases, workers stay awake
 * for about as long as a wake-up takes, if their last work came from others. All idle workers but
 * one use their CPUs until the phase ends. Phases may overlap; the last one to end counts. Where
 * workers outnumber CPUs a phase has no effect. Any thread, including tasks of the runtime; rt
 * NULL: the calling task's runtime. Does not suspend.
 * Errors: -EINVAL (rt is NULL outside a task); -ECHILD. */
FILCH_API int filch_phase_begin(filch_runtime *rt);

/* Ends a phase. Dies without a begin. Callers and errors: as filch_phase_begin. */
FILCH_API int filch_phase_end(filch_runtime *rt);

/* ---- Queries ---- */

/* rt NULL: the calling task's runtime. Outside a task NULL is an error: numbers are 0, the text is
 * empty, and filch_error() says so. */

/* Returns the number of workers: the last one requested by filch_runtime_resize, else the
 * initial one. A surplus worker may still be running. */
FILCH_API unsigned filch_runtime_workers(const filch_runtime *rt);

/* Returns the most workers that the runtime can ever have. It never changes; use it to size arrays
 * indexed by filch_worker_index. */
FILCH_API unsigned filch_runtime_max_workers(const filch_runtime *rt);

/* Returns the calling task's runtime; NULL on a thread that is not a worker. */
FILCH_API filch_runtime *filch_runtime_here(void);

/* Returns the worker that runs the calling task, 0 .. filch_runtime_max_workers - 1; -1 on a
 * thread that is not a worker. It can differ after every fork, join and call that may suspend. */
FILCH_API int filch_worker_index(void);

/* In the place of a worker's number: the sum of all. */
enum { FILCH_ALL_WORKERS = -1 };
/* Fills the first `size` bytes of *out with the counts of one worker, 0 ..
 * filch_runtime_max_workers - 1, or of FILCH_ALL_WORKERS. size is the caller's
 * sizeof(filch_runtime_stats): an older, shorter struct receives the fields it has; in a newer,
 * longer one the rest is 0. Values of the runtime are 0 for a single worker. rt NULL: the calling
 * task's runtime. Errors, after which *out is 0: -EINVAL (no such worker, out is NULL, or rt is
 * NULL outside a task); -ECHILD. */
FILCH_API int filch_runtime_stats_read(const filch_runtime *rt, int worker,
                                       filch_runtime_stats *out, size_t size);

/* Describes the configuration in use, with reasons, on one screen: topology, workers and their
 * places, queue, policy, fence, stacks. Writes at most size bytes to text, the closing NUL
 * included, and returns the full length (as snprintf). FILCH_INFO=1 in the environment prints it
 * to stderr at creation. */
FILCH_API size_t filch_runtime_describe(const filch_runtime *rt, char *text, size_t size);

FILCH_END_DECLS

/* Reports name the task. (filch_go)(rt, fn, arg) calls the function itself. */
#define filch_go(rt, fn, ...)                                                                      \
    (__extension__({                                                                               \
        static const filch_place fl_place_ = {{NULL, #fn}, __FILE__, __LINE__};                    \
        fl_go_at(rt, fn, __VA_ARGS__, &fl_place_);                                                 \
    }))
#define filch_run(rt, task, ...) fl_run_at(rt, task, __VA_ARGS__, __FILE__, __LINE__)
#include <filch/detail/show_words.h>
#endif
