/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A model checker for C11 atomics: for changing a protocol, and for seeing one fail. A model is a
 * few threads that run the library's own code. The checker runs them over and over, with each store
 * that the C11 memory model allows a load to read, and each place that it allows a store to take.
 * It stops at the first execution that breaks a claim. docs/internals/model-checking.md explains it with an
 * example.
 *
 * Everything below may be called by a model's threads, unless said otherwise. */
#ifndef MC_CHECK_H
#define MC_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MC_THREADS = 6, MC_REACHES = 12 };

typedef struct mc_model {
    const char *name;
    const char *what; /* one line for people */
    /* Their names; as many threads as names, MC_THREADS at most. */
    const char *threads[MC_THREADS + 1];
    /* Before each execution, alone: brings all memory that the threads share to its first state. */
    void (*setup)(void);
    void (*body)(unsigned thread);
    /* After each execution, alone; sees the newest value of everything. May be NULL. */
    void (*finish)(void);
    /* Nobody can continue, and some threads wait: is that a good end? NULL: it never is. */
    bool (*may_rest)(void);
    /* The default search: all executions, those in which at most `bound` reads wait for a store
     * that is yet to come, or `random` ones. */
    unsigned bound, random;
    /* A character for each thread; those with the same letter run the same code, and a whole search
     * makes one of the executions in which they are permuted. roles.c says what they may do. */
    const char *alike;
    unsigned executions;  /* all of them, permuted; 0: any number */
    unsigned steps;       /* most operations in one execution; 0: 2,000 */
    const char *outcomes; /* exactly what mc_outcome has to report over all executions, sorted */
    /* Each of these some execution has to report by mc_reached; else the row shows nothing. A row without
     * `outcomes` has one at least. */
    const char *reaches[MC_REACHES + 1];
} mc_model;

/* Defined by each model program; ended by a row without a name. */
extern const mc_model mc_models[];

/* On functions that keep a model's own books, which threads share without any order. */
#define MC_UNCHECKED __attribute__((no_sanitize_thread))
/* setup_NAME: lay_out(a struct shape with these members), both the model's. */
#define MC_SHAPE(name, ...)                                                                        \
    static void setup_##name(void)                                                                 \
    {                                                                                              \
        lay_out((struct shape){__VA_ARGS__});                                                      \
    }

/* Ends the execution: this claim does not hold. */
void mc_fail(const char *claim);
#define MC_CLAIM(condition, claim) ((condition) ? (void)0 : mc_fail(claim))
/* Names the outcome of this execution in one word. */
void mc_outcome(const char *word);
/* This execution came to a place or to a result that a row may demand (`reaches`). */
void mc_reached(const char *what);
/* One of 0 .. ways - 1: explored like any other choice. */
unsigned mc_choose(unsigned ways);
/* The calling thread's number. */
unsigned mc_self(void);

/* For the trace: the name of an address. Setup and threads. */
void mc_name(const void *address, const char *name);
/* The same for a word whose parts mean something: write(value, text, size) spells it. */
typedef void mc_spelling(uint64_t value, char *text, size_t size);
void mc_name_word(const void *address, const char *name, mc_spelling *write);
void mc_note(const char *text);
/* Without a trace, names are for nothing. */
bool mc_traces(void);

/* Memory that comes back anew in each execution, at the same addresses. Using it after mc_free, or
 * without an order between the use and mc_free, ends the execution. */
void *mc_alloc(size_t size, size_t alignment);
void mc_free(void *object);
/* Objects that are not freed. */
unsigned mc_objects(void);
/* A part of the caller's stack whose frames have returned: nobody else may use it from now on, and
 * earlier users must have done so before. The caller may use it anew. */
void mc_gone(const void *from, size_t size);
/* These bytes are the thread's own: alike threads have such bytes each, in the same order. Setup. */
void mc_own(unsigned thread, const void *from, size_t size);
/* These bytes are counters that no claim depends on: operations on them are no steps. Setup. */
void mc_ignore(const void *from, size_t size);
/* The bytes of these four, which are aligned, are objects of their own: accesses to different ones
 * are no race. Before they are used. */
void mc_bytes(const void *word);

/* ---- The system's functions, for shims ---- */

typedef enum { MC_RELAXED, MC_ACQUIRE, MC_RELEASE, MC_ACQ_REL, MC_SEQ_CST } mc_order;

uint64_t mc_load(const void *address, unsigned size, mc_order order, const char *where);
void mc_store(void *address, unsigned size, uint64_t value, mc_order order, const char *where);
enum mc_change { MC_EXCHANGE, MC_ADD, MC_OR, MC_AND };
/* Returns the old value. */
uint64_t mc_change(void *address, unsigned size, enum mc_change change, uint64_t operand,
                   mc_order order, const char *where);
/* Relaxed when it fails; then *expected is the value found. */
bool mc_cas(void *address, unsigned size, uint64_t *expected, uint64_t value, mc_order order,
            const char *where);
void mc_fence(const char *where); /* seq_cst */
void mc_light(const char *where); /* a barrier for the compiler alone */
/* Every other thread executes a seq_cst fence, each at its own moment within the call: with an order
 * against what one of its own barriers (fence, light, membarrier) separates from it. */
void mc_membarrier(const char *where);
/* A hint, in a loop: it does nothing three times at each place, and then lets others go first. */
void mc_pause(const char *where);
/* Returns true if the time limit came first; only a timed wait may. */
bool mc_futex_wait(void *address, uint32_t expected, bool timed, const char *where);
void mc_futex_wake(void *address, unsigned most, const char *where);
void mc_lock(void *lock, const char *where);
void mc_unlock(void *lock, const char *where);
/* Waits for a value that is not `unwanted`, and returns it; acquire. */
uint64_t mc_await(const void *address, unsigned size, uint64_t unwanted, const char *where);
void mc_join(unsigned thread, const char *where);
/* Plain accesses: two of different threads, one a write, must be ordered. */
void mc_plain(const void *address, size_t size, bool write);
/* fl_switch_frame_swap and fl_switch_frame_make under the checker: a fiber continues only where its
 * context was saved before. */
struct fl_switch_frame;
void mc_switch_frame_swap(struct fl_switch_frame *from, struct fl_switch_frame *to);
void mc_switch_frame_make(struct fl_switch_frame *context, void *top, void (*entry)(void *),
                          void *arg);

#define MC_STRING_(x) #x
#define MC_STRING(x) MC_STRING_(x)
#define MC_HERE __FILE__ ":" MC_STRING(__LINE__)

#endif
