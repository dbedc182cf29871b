/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A thread's own lists need no lock; they travel between threads in batches of BATCH, half of what
 * a thread may keep at a time, through stores under a mutex that keep at most STORED batches each, a
 * million cells, and free the rest. So a thread that takes and gives back bursts of up to KEPT
 * batches stays with cells that its own cache knows. */
#include <runtime/core/cells.h>

#include <filch/base.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64, KEPT = 16, STORED = 1 << 14 };

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
    struct own {
        batch taking;     /* cells to hand out */
        batch giving;     /* cells that came back, up to BATCH */
        batch kept[KEPT]; /* full ones */
        unsigned count;   /* of these */
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

/* The older half of what is kept; what has no room there is freed. */
static FILCH_COLD void put_aside(struct store *store, struct own *own)
{
    unsigned put = 0;
    pthread_mutex_lock(&lock);
    for (; put < KEPT / 2 && store->count < STORED; put++)
        store->full[store->count++] = own->kept[put];
    pthread_mutex_unlock(&lock);
    for (; put < KEPT / 2; put++)
        free_all(&own->kept[put]);
    own->count = KEPT - KEPT / 2;
    memmove(own->kept, own->kept + KEPT / 2, own->count * sizeof own->kept[0]);
}

static void thread_leaves(void *unused)
{
    (void)unused;
    mine.registered = false; /* another destructor may fill it again */
    for (unsigned i = 0; i < FL_CELLS_KINDS; i++) {
        struct own *own = &mine.of[i];
        free_all(&own->taking);
        free_all(&own->giving);
        while (own->count)
            free_all(&own->kept[--own->count]);
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

/* From the store. */
static FILCH_COLD void fetch(struct store *store, struct own *own)
{
    pthread_mutex_lock(&lock);
    while (store->count && own->count < KEPT / 2)
        own->kept[own->count++] = store->full[--store->count];
    pthread_mutex_unlock(&lock);
}

/* One of those kept, or fetched, or new ones: as many as there is memory for. */
static FILCH_COLD void refill(enum fl_cells from, struct own *own)
{
    if (!own->count)
        fetch(&stores[from], own);
    if (own->count)
        own->taking = own->kept[--own->count];
    while (own->taking.count < BATCH) { /* those kept are full */
        cell *one = malloc(sizes[from]);
        if (!one)
            break;
        push(&own->taking, one);
    }
}

void *fl_cell_take(enum fl_cells from)
{
    if (!registered())
        return malloc(sizes[from]);
    struct own *own = &mine.of[from];
    if (!own->taking.head)
        refill(from, own);
    return own->taking.head ? pop(&own->taking) : NULL;
}

static void keep(enum fl_cells to, struct own *own)
{
    if (own->count == KEPT)
        put_aside(&stores[to], own);
    own->kept[own->count++] = own->giving;
    own->giving = (batch){0};
}

void fl_cell_give(enum fl_cells to, void *given)
{
    if (!registered()) {
        free(given);
        return;
    }
    struct own *own = &mine.of[to];
    push(own->taking.count < BATCH ? &own->taking : &own->giving, given);
    if (own->giving.count == BATCH)
        keep(to, own);
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
