/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A thread's own lists need no lock; they travel between threads in batches of BATCH, through
 * stores under a mutex that keep at most STORED of them each, a million cells, and free the rest. */
#include <runtime/core/cells.h>

#include <filch/base.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { BATCH = 64, STORED = 1 << 14 };

static const size_t sizes[FL_CELLS_KINDS] = {
    [FL_CELLS_JOBS] = FL_CELL_JOB,
    [FL_CELLS_POOL_JOBS] = FL_CELL_POOL_JOB,
};

typedef struct cell {
    struct cell *next;
} cell;

typedef struct batch {
    cell *head;
    unsigned count;
} batch;

static struct store {
    batch full[STORED];
    unsigned count;
} stores[FL_CELLS_KINDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A thread's; all at one place, which its code knows without a call. */
static __thread struct {
    struct {
        batch taking; /* cells to hand out */
        batch giving; /* cells that came back, up to BATCH */
    } of[FL_CELLS_KINDS];
    bool registered;
} mine __attribute__((tls_model("initial-exec")));
static pthread_key_t leaving;
static bool keyed;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static inline void push(batch *to, cell *one)
{
    one->next = to->head;
    to->head = one;
    to->count++;
}

static inline cell *pop(batch *from)
{
    cell *one = from->head;
    from->head = one->next;
    from->count--;
    return one;
}

static void free_all(batch *of)
{
    while (of->head)
        free(pop(of));
}

static void put_aside(struct store *store, batch *full)
{
    pthread_mutex_lock(&lock);
    bool room = store->count < STORED;
    if (room)
        store->full[store->count++] = *full;
    pthread_mutex_unlock(&lock);
    if (room)
        *full = (batch){0};
    else
        free_all(full);
}

static void thread_leaves(void *unused)
{
    (void)unused;
    mine.registered = false; /* another destructor may fill it again */
    for (unsigned i = 0; i < FL_CELLS_KINDS; i++) {
        free_all(&mine.of[i].taking);
        free_all(&mine.of[i].giving);
    }
}

static void make_key(void)
{
    keyed = pthread_key_create(&leaving, thread_leaves) == 0;
}

/* So that a thread's cells are freed when it ends. false: the process has used up its 1,024 keys, or
 * its memory; the thread does without a cache. */
static FILCH_COLD bool register_thread(void)
{
    pthread_once(&once, make_key);
    mine.registered = keyed && pthread_setspecific(leaving, &mine) == 0;
    return mine.registered;
}

static inline bool registered(void)
{
    return FILCH_LIKELY(mine.registered) || register_thread();
}

/* From the store, or new ones: as many as there is memory for. */
static FILCH_COLD void refill(enum fl_cells from, batch *to)
{
    struct store *store = &stores[from];
    pthread_mutex_lock(&lock);
    if (store->count)
        *to = store->full[--store->count];
    pthread_mutex_unlock(&lock);
    while (to->count < BATCH) { /* batches in the store are full */
        cell *one = malloc(sizes[from]);
        if (!one)
            break;
        push(to, one);
    }
}

void *fl_cell_take(enum fl_cells from)
{
    if (!registered())
        return malloc(sizes[from]);
    batch *taking = &mine.of[from].taking;
    if (!taking->head)
        refill(from, taking);
    return taking->head ? pop(taking) : NULL;
}

void fl_cell_give(enum fl_cells to, void *given)
{
    if (!registered()) {
        free(given);
        return;
    }
    batch *taking = &mine.of[to].taking, *giving = &mine.of[to].giving;
    push(taking->count < BATCH ? taking : giving, given);
    if (giving->count == BATCH)
        put_aside(&stores[to], giving);
}

void fl_cells_lock(void)
{
    pthread_mutex_lock(&lock);
}

void fl_cells_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

__attribute__((destructor)) static void free_stores(void)
{
    fl_cells_lock(); /* workers of a runtime that was not destroyed may still be running */
    for (unsigned i = 0; i < FL_CELLS_KINDS; i++)
        while (stores[i].count)
            free_all(&stores[i].full[--stores[i].count]);
    fl_cells_unlock();
}
