/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The state that the parts of the checker share. One execution at a time, one operating-system
 * thread: model threads are coroutines, and the running one owns everything here.
 *
 * memory.c   what a load may return: histories of stores, and what each thread has seen
 * plain.c    plain accesses, memory that is freed: races
 * thread.c   the model's threads, and what they wait for
 * explore.c  which execution is next
 * trace.c    an execution for people
 * main.c     the command line */
#ifndef MC_STATE_H
#define MC_STATE_H

#include <tests/model/checker/check.h>

enum { MC_LOCATIONS = 184, MC_STORES = 400, MC_STEPS = 2000 };

/* The view of a thread, or the view that a store carries: for each thread, how far its plain
 * accesses are ordered before; for each location, the oldest store that may still be read. Joining
 * two is the maximum of each. */
typedef int16_t mc_stamp;
typedef struct mc_view {
    mc_stamp thread[MC_THREADS];
    mc_stamp location[MC_LOCATIONS];
} mc_view;

typedef struct mc_stored {
    uint64_t value;
    mc_view carries; /* the view that an acquiring reader gets */
} mc_stored;

/* An atomic word. Its history is its modification order, which is here the order of execution. */
typedef struct mc_location {
    void *address;
    unsigned size;
    unsigned stores;
    mc_stored *history;
    mc_stamp used[MC_THREADS]; /* each thread's last operation, as in a view */
} mc_location;

typedef enum mc_kind {
    MC_START,
    MC_LOAD,
    MC_STORE,
    MC_RMW,
    MC_FENCE,
    MC_BARRIER, /* membarrier, at one other thread */
    MC_WAIT,    /* futex */
    MC_WAKE,
    MC_LOCK,
    MC_AWAIT,
    MC_JOIN,
    MC_PAUSE,
    MC_BLOCKED, /* in a futex: cannot continue by itself */
    MC_TIMED,   /* the same, but time may pass */
    MC_DONE
} mc_kind;

/* The next operation of a thread, known before it is executed. */
typedef struct mc_step {
    mc_kind kind;
    int location;   /* -1: none */
    uint64_t other; /* BARRIER, JOIN: the other thread; AWAIT: the value that is waited out */
    bool seq_cst;
    const char *where;
} mc_step;

typedef struct mc_thread {
    mc_view now;      /* seen by its next operation */
    mc_view acquired; /* read, and seen after its next acquire fence */
    mc_view released; /* the view that its relaxed stores carry: its last release fence */
    mc_step next;
    uint64_t paused_at; /* mc.changes when it paused */
    bool fresh;         /* after a pause: reads the newest */
} mc_thread;

typedef struct mc_state {
    const mc_model *model;
    unsigned threads;
    mc_thread thread[MC_THREADS];
    unsigned self;
    bool running;   /* threads run; else setup or finish, which are alone */
    bool in_thread; /* on a thread's stack; else on the checker's */
    mc_location location[MC_LOCATIONS];
    int locations;
    mc_view seq_cst; /* the view of every seq_cst fence */
    uint64_t changes, steps;
    const char *failure;
    bool newest; /* no weak memory: loads return the newest value */
    bool tracing;
    bool quiet; /* a failure is told without its trace */
} mc_state;

extern mc_state mc;

/* ---- memory.c ---- */
void mc_memory_reset(void);
/* The location of an address; made at its first use. -1: it is ignored. */
int mc_location_of(const void *address, unsigned size);
/* The same of an address that may be gone; -1, too: nobody has used it. */
int mc_location_known(const void *address);
/* From now on these addresses hold other words. */
void mc_forget(const void *from, size_t size);
void mc_fence_by(unsigned thread);
uint64_t mc_newest(int location);
/* The running thread reads it, relaxed. */
uint64_t mc_read_newest(int location);
/* Acquire and release on something that is no atomic word. */
void mc_take_over(const mc_view *from);
void mc_hand_over(mc_view *to);

/* ---- plain.c ---- */
void mc_plain_reset(void);
/* Atomic accesses: is the object still there? */
void mc_check_alive(const void *address, size_t size);
bool mc_is_ignored(const void *word);

/* ---- thread.c ---- */
void mc_threads_start(void);
/* Runs the thread up to its next step. */
void mc_thread_run(unsigned thread);
bool mc_thread_enabled(unsigned thread);
/* A step: others may run before it. */
void mc_step_before(mc_step step);

/* ---- explore.c ---- */
typedef struct mc_search {
    enum { MC_ALL, MC_BOUND, MC_RANDOM } how;
    unsigned bound;
    uint64_t executions; /* RANDOM: how many */
    uint64_t seed;
    const char *replay; /* one execution's choices */
    double seconds;     /* 0: as long as it takes */
} mc_search;

typedef struct mc_result {
    uint64_t executions, pruned, steps;
    double seconds;
    bool exhausted; /* everything that was asked for was searched */
    const char *failure;
    char *choices; /* of the failing execution, for a replay; freed by the caller */
} mc_result;

/* The failure of a replay whose choices are not those of this model in this build. */
extern const char mc_unfit[];
mc_result mc_explore(const mc_model *model, const mc_search *search);
/* The outcomes reported, sorted, each once. */
const char *mc_outcomes(void);

/* ---- trace.c ---- */
/* Before an execution that is shown; of a long one, of about `steps` lines, the middle is left
 * out. */
void mc_trace_start(uint64_t steps);
void mc_trace_reset(void);
/* One line in the column of the thread that acts; printf. */
void mc_trace(unsigned thread, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *mc_name_of(const void *address);
/* A value of the word at an address, readable: an address by its name. Several may be used at a
 * time. */
const char *mc_value(const void *address, uint64_t value);
const char *mc_order_name(mc_order order);

#endif
