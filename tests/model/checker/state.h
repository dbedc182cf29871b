/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The state that the parts of the checker share. One execution at a time, one operating-system
 * thread: model threads are coroutines, and the running one owns everything here.
 *
 * graph.c      the events of an execution, and their orders: hb, rf, mo
 * psc.c        the order of seq_cst operations: may an event take this place?
 * memory.c     atomic words, and the operations on them
 * barrier.c    fences, membarrier
 * futex.c      sleeping and waking
 * plain.c      plain accesses, memory that is freed: races
 * thread.c     the model's threads, and what they wait for
 * explore.c    which execution is next
 * roles.c      threads that run the same code
 * symmetry.c   executions that differ by a permutation of those
 * replay.c     an execution's choices as text
 * outcomes.c   what executions led to
 * trace.c      an execution for people
 * main.c       the command line */
#ifndef MC_STATE_H
#define MC_STATE_H

#include <tests/model/checker/check.h>

enum { MC_LOCATIONS = 184, MC_STORES = 400, MC_STEPS = 2000, MC_EVENTS = 32000 };
enum { MC_NONE = -1 };

/* How much of each thread is known: of its events, and of the fences that membarrier put into it
 * (MC_REACHED + thread). Joining two is the maximum of each. */
typedef int16_t mc_stamp;
enum { MC_REACHED = 8, MC_COLUMNS = 16 };
typedef struct mc_clock {
    mc_stamp of[MC_COLUMNS];
} mc_clock;

/* Events are numbered as they are executed: an order that sb and rf agree with, and nothing else
 * has to. An RMW is one event that reads and writes. */
typedef struct mc_event {
    mc_clock known;   /* all that happens before it, and itself */
    mc_clock past;    /* all that it is caused by: sb and rf */
    mc_clock carries; /* a store: the clock of its acquirers */
    uint64_t value;   /* a store's */
    int location;     /* MC_NONE: a fence */
    int source;       /* a read: the store that it reads; else MC_NONE */
    int before;       /* the last access to this location by this thread */
    int rank;         /* a store: its place in the location's modification order */
    int taken;        /* a store: the RMW that reads it */
    int choice;       /* a read: where the search may take another way; MC_NONE */
    unsigned column;  /* of clocks: its thread */
    mc_stamp index;   /* its place in its column, from 1 */
    int segment;      /* a fence of membarrier: how many barriers its thread had passed */
    unsigned stale;   /* a read: mc_stale_reads */
    const char *where;
    bool reads, writes, seq_cst;
} mc_event;

typedef struct mc_location {
    void *address;
    unsigned size; /* 0: not memory, but sleepers in a futex */
    int stores;
    int order[MC_STORES]; /* modification order */
    int last[MC_THREADS]; /* each thread's last access */
    uint64_t class;       /* mc_class_of */
    int written;          /* the store that was executed last */
} mc_location;

typedef enum mc_kind {
    MC_START,
    MC_LOAD,
    MC_STORE,
    MC_RMW,
    MC_CAS,   /* operand: the expected value */
    MC_LOCK,  /* an RMW of 0 */
    MC_AWAIT, /* operand: the value that is waited out */
    MC_WAKE,  /* reads 0, or is an RMW */
    MC_SLEEP, /* reads a value without the bits of the operand */
    MC_NAP,   /* the same, or an RMW: time is over */
    MC_FENCE,
    MC_LIGHT,   /* a barrier for the compiler */
    MC_BARRIER, /* membarrier, at the thread `operand` */
    MC_JOIN,    /* operand: the thread */
    MC_PAUSE,
    MC_DONE
} mc_kind;

/* The next operation of a thread, known before it is executed. */
typedef struct mc_step {
    mc_kind kind;
    int location; /* MC_NONE: none */
    uint64_t operand;
    mc_order order;
    const char *where;
} mc_step;

enum { MC_SITES = 8 };
typedef struct mc_thread {
    mc_clock now;      /* known to its next operation */
    mc_clock acquired; /* read, and known after its next acquire fence */
    mc_clock released; /* carried by its relaxed stores: its last release fence */
    mc_clock past;     /* its causes */
    mc_clock reached;  /* at its last barrier; known to a membarrier that comes now */
    mc_step next;
    int segment; /* barriers passed */
    int fences;  /* that membarrier has put into it */
    bool waits;  /* it came to `next`, and cannot or shall not go on */
    bool later;  /* it shall read what is executed from `since` on */
    int since;
    int choice;           /* that of its last read */
    int looked;           /* a choice whose read is not there yet, or MC_NONE; */
    int looked_at;        /* its location */
    uint64_t paused_at;   /* mc.pauses */
    uint64_t last_store;  /* mc.stores */
    uint64_t paused_from; /* the same, when it paused */
    unsigned rounds;      /* that it has gone on from a pause, while others wait */
    struct {
        const char *where;
        unsigned passes;
    } site[MC_SITES];
} mc_thread;

typedef struct mc_state {
    const mc_model *model;
    unsigned threads;
    mc_thread thread[MC_THREADS];
    unsigned self;
    bool running;   /* threads run; else setup or finish, which are alone */
    bool in_thread; /* on a thread's stack; else on the checker's */
    bool yielding;  /* threads give control back before each operation */
    mc_location location[MC_LOCATIONS];
    int locations;
    mc_event event[MC_EVENTS];
    int events;
    int of_thread[MC_THREADS][MC_EVENTS]; /* events by index */
    uint64_t steps, first_step, pauses, stores;
    const char *failure;
    bool newest; /* no weak memory: loads return the newest value */
    bool tracing;
    bool quiet; /* a failure is told without its trace */
    bool pruned;
    bool alike;  /* the row has alike threads, */
    bool trying; /* and this execution only shows whether they are */
} mc_state;

extern mc_state mc;

/* ---- graph.c ---- */
void mc_graph_reset(void);
void mc_join_clock(mc_clock *into, const mc_clock *from);
/* Does `by` know the event? */
bool mc_knows(const mc_clock *by, int event);
/* The store that an access read or wrote. */
int mc_seen(const mc_event *access);
/* The rank of the oldest store that one who knows `now` may still read. */
int mc_floor(const mc_clock *now, int location);
/* The location's first store, from before all threads. */
void mc_add_first(int location, uint64_t value);
/* So many times in a row, the next one included, this place of the running thread's code has read
 * this store although it was replaced already. */
unsigned mc_stale_reads(int location, int source, const char *where);
/* Acts of the running thread. They return the event. */
int mc_add_read(int location, int source, mc_order order);
int mc_add_store(int location, int rank, uint64_t value, mc_order order);
int mc_add_rmw(int location, int source, uint64_t value, mc_order order);
/* Adds an event to a column; for the parts of the checker that make events. */
int mc_add_event(const mc_event *event);

/* ---- psc.c ---- */
void mc_psc_reset(void);
void mc_psc_fence(int fence);
void mc_psc_access(int access);
/* A membarrier's fence in another thread comes after the call's first one, and before its last. */
void mc_psc_call(int first, int reached);
void mc_psc_return(int first, int last);
/* May the running thread read this store, or put one in this place? */
bool mc_psc_allows_read(int location, int source, mc_order order);
bool mc_psc_allows_store(int location, int rank, mc_order order);

/* ---- memory.c ---- */
void mc_memory_reset(void);
/* The location of an address; made at its first use. MC_NONE: it is ignored. */
int mc_location_of(const void *address, unsigned size);
/* The same of an address that may be gone; MC_NONE, too: nobody has used it. */
int mc_location_known(const void *address);
/* Those who sleep on an address, as a location. */
int mc_sleepers_of(const void *address);
/* From now on these addresses hold other words. */
void mc_forget(const void *from, size_t size);
/* All stores that the thread may read at this step by coherence alone, the newest first. Returns
 * how many. */
enum { MC_CANDIDATES = 64 };
int mc_candidates(unsigned thread, const mc_step *step, int candidate[MC_CANDIDATES]);
/* The running thread's next step reads: chooses the store, when there is one. */
int mc_choose_store(mc_step step);

/* ---- barrier.c ---- */
void mc_barrier_reset(void);
/* The running thread: a seq_cst fence. */
int mc_add_fence(const char *where);
/* A membarrier may come later than it could, or a barrier may be passed later. */
void mc_tell_barriers(void);

/* ---- plain.c ---- */
void mc_plain_reset(void);
/* Atomic accesses: is the object still there? */
void mc_check_alive(const void *address, size_t size);
bool mc_is_ignored(const void *word);
/* A plain write there makes another word of it. */
void mc_mark_atomic(const void *word, unsigned size);
/* The thread's first access to an atomic word: is it ordered after plain writes there? */
void mc_check_written(const void *word);
/* A thread of this execution has allocated it. */
bool mc_is_new_here(const void *address);

/* ---- thread.c ---- */
void mc_threads_start(void);
/* Runs the thread until it gives control back. */
void mc_thread_run(unsigned thread);
/* Could it take its next step? And shall it, in this search? */
bool mc_thread_able(unsigned thread);
bool mc_thread_enabled(unsigned thread);
bool mc_threads_done(void);
/* Others have changed something since it paused. */
bool mc_thread_sees_change(unsigned thread);
/* A read waits that need not. No store comes for it, and the rest is another execution. */
bool mc_threads_wait_for_nothing(void);
/* A step: others may run before it. */
void mc_step_before(mc_step step);
/* The step cannot be taken now. */
void mc_wait(void);
/* This execution leads nowhere, or where another one leads: ends it. */
void mc_prune(void);

/* ---- explore.c ---- */
typedef struct mc_search {
    enum { MC_ALL, MC_BOUND, MC_RANDOM } how;
    unsigned bound;
    uint64_t executions; /* RANDOM: how many */
    uint64_t seed;
    const char *replay; /* one execution's choices */
    double seconds;     /* 0: as long as it takes */
    bool permuted;      /* executions that differ by a permutation of alike threads are all made */
} mc_search;

typedef struct mc_result {
    uint64_t executions, pruned, steps;
    uint64_t stands_for; /* executions without the symmetry of alike threads */
    double seconds;
    bool exhausted; /* everything that was asked for was searched */
    const char *failure;
    char *choices; /* of the failing execution, for a replay; freed by the caller */
} mc_result;

/* The failure of a replay whose choices are not those of this model in this build. */
extern const char mc_unfit[];
mc_result mc_explore(const mc_model *model, const mc_search *search);
/* One of `ways`; allows(way) says whether it may be taken, and is asked only where that is not
 * known yet. MC_NONE: none, or none yet, since the search waits for a later store. */
int mc_choose_way(unsigned ways, bool (*allows)(unsigned way, const void *of), const void *of);
/* The choice that was made last; and: something that came later could be chosen there. */
int mc_last_choice(void);
void mc_came_later(int choice);

/* ---- roles.c ---- */
void mc_roles_begin(const mc_model *model);
void mc_roles_reset(void);
/* The first of the threads that are like this one. */
unsigned mc_role_of(unsigned thread);
/* The place of a new location in all permutations. Has it places in a modification order that they
 * share? */
uint64_t mc_class_of_address(const void *address);
bool mc_class_has_places(uint64_t class);
/* The running thread comes to a step, reads, writes, has made a step of another kind, has come to a plain access of memory
 * that was `written` by a thread, or was not. */
void mc_role_step(const mc_step *step);
void mc_role_read(int location, int source);
void mc_role_write(int location, uint64_t value);
void mc_role_passed(uint64_t result);
void mc_role_plain(const void *address, size_t size, bool write, bool written);

/* ---- symmetry.c ---- */
void mc_symmetry_begin(bool reduces);
void mc_symmetry_reset(void);
/* It has made an event, or waits for a later store: gives up the execution if another one stands for
 * it. The same at the end. */
void mc_symmetry_look(void);
void mc_symmetry_end(void);
/* How many executions a search without the reduction makes. */
uint64_t mc_symmetry_total(void);

/* ---- replay.c ---- */
bool mc_replay_start(const char *text);
/* The next choice. */
unsigned mc_replay_take(unsigned ways);
void mc_record_start(void);
void mc_record_thread(unsigned way, unsigned ways);
void mc_record(unsigned way, unsigned ways);
/* The thread that was chosen last could not go on: takes that back. */
void mc_record_back(void);
char *mc_recorded(void);

/* ---- outcomes.c ---- */
void mc_outcomes_reset(void);
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
