/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A thread's own lists need no lock. Cells travel between threads in batches of BATCH, half of what
 * a thread may keep at a time, through stores under a mutex. Each store keeps at most STORED
 * batches, a million cells, and releases the rest. So a thread that takes and gives back bursts of
 * up to KEPT batches stays with cells that are in its own cache.
 *
 * Cells are cut from slabs, a batch at a time, so the cells of a new batch are neighbours. A
 * released cell lies in its slab, and is taken again before a new slab is made; a slab in which all
 * cells lie is freed.
 *
 * A batch that is kept or stored is closed: one word names it. A library that is loaded by dlopen
 * finds little room for variables of threads (test_unload). */
#include <runtime/platform/memory/cells.h>

#include <filch/base.h>
#include <runtime/platform/memory/idle_trim.h>
#include <runtime/platform/memory/prefetch.h>
#include <sched/assert.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <urcu/list.h>

#ifdef FILCH_TINY
enum { BATCH = 4, KEPT = 4, STORED = 4, SLAB = 1 << 12, SPARED = 1, DECAY_STEP = 1 };
#else
enum { BATCH = 64, KEPT = 16, STORED = 1 << 14, SLAB = 1 << 16, SPARED = 16, DECAY_STEP = 64 };
#endif

/* Slabs leave room for malloc's own words, so that each begins where the one before ends. Otherwise
 * two pages of each would be malloc's: an eighth. */
enum { TAKEN = SLAB - 128 };

typedef struct cell {
    struct cell *next;
    unsigned count; /* of a closed batch: in its first cell */
} cell;

typedef struct batch {
    cell *head;
    unsigned count;
} batch;

/* Its address is a multiple of SLAB. Under the lock. */
typedef struct slab {
    struct cds_list_head all; /* of its kind */
    batch gone;               /* released cells */
    char apart[FL_CELL_LINE - sizeof(struct cds_list_head) - sizeof(batch)];
    char cells[];
} slab;

static struct kind {
    size_t size;                /* bytes of a cell */
    struct cds_list_head slabs; /* those that have cells to take again come first */
} kinds[FL_CELLS_KINDS] = {
    [FL_CELLS_LINES] = {FL_CELL_LINE, CDS_LIST_HEAD_INIT(kinds[FL_CELLS_LINES].slabs)},
    [FL_CELLS_POOL_JOBS] = {FL_CELL_POOL_JOB, CDS_LIST_HEAD_INIT(kinds[FL_CELLS_POOL_JOBS].slabs)},
    [FL_CELLS_FULL_JOBS] = {FL_CELL_FULL_JOB, CDS_LIST_HEAD_INIT(kinds[FL_CELLS_FULL_JOBS].slabs)},
};

static struct store {
    cell *stored[STORED]; /* closed batches, the newest last */
    unsigned count;
    fl_decay decay; /* of the batches in it */
    char *uncut;    /* of the newest slab */
    unsigned left;
} stores[FL_CELLS_KINDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A thread's; all in one place, whose address takes no call. */
static __thread struct {
    struct own {
        batch taking;     /* cells to hand out */
        batch giving;     /* cells that came back, up to BATCH */
        cell *kept[KEPT]; /* closed */
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
    FL_ASSERT(one && from->count);
    from->head = one->next;
    from->count--;
    return one;
}

/* NULL: it is empty. */
static inline cell *close_batch(batch *one)
{
    cell *closed = one->head;
    FL_ASSERT(!closed == !one->count);
    if (closed)
        closed->count = one->count;
    *one = (batch){0};
    return closed;
}

static inline batch open_batch(cell *closed)
{
    return (batch){closed, closed->count};
}

/* ---- The store; under the lock ---- */

static unsigned cells_of_slab(enum fl_cells kind)
{
    return (unsigned)((TAKEN - sizeof(slab)) / kinds[kind].size);
}

/* With its pages: free() alone keeps those of a block between others. */
static void free_slab(slab *empty)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = TAKEN / page * page;
    if (whole)
        madvise(empty, whole, MADV_DONTNEED);
    free(empty);
}

static void let_one_go(enum fl_cells kind, cell *one)
{
    slab *of = (slab *)((uintptr_t)one & ~(uintptr_t)(SLAB - 1));
    push(&of->gone, one);
    FL_ASSERT(of->gone.count <= cells_of_slab(kind));
    cds_list_move(&of->all, &kinds[kind].slabs);
    if (of->gone.count == cells_of_slab(kind)) {
        cds_list_del(&of->all);
        free_slab(of);
    }
}

static void let_go(enum fl_cells kind, cell *closed)
{
    for (batch cells = open_batch(closed); cells.head;)
        let_one_go(kind, pop(&cells));
}

/* NULL: none. */
static slab *slab_with_gone(enum fl_cells kind)
{
    struct cds_list_head *slabs = &kinds[kind].slabs;
    slab *first = cds_list_first_entry(slabs, slab, all);
    return !cds_list_empty(slabs) && first->gone.count ? first : NULL;
}

static void take_back(enum fl_cells kind, batch *to, unsigned most)
{
    for (slab *of; to->count < most && (of = slab_with_gone(kind));) {
        push(to, pop(&of->gone));
        if (!of->gone.count) {
            cds_list_del(&of->all);
            cds_list_add_tail(&of->all, &kinds[kind].slabs);
        }
    }
}

static slab *take_slab(void)
{
    void *taken;
    return posix_memalign(&taken, SLAB, TAKEN) ? NULL : taken;
}

/* false: no memory. */
static bool have_slab(enum fl_cells kind)
{
    struct store *store = &stores[kind];
    slab *newest = store->left ? NULL : take_slab();
    if (newest) {
        newest->gone = (batch){0};
        cds_list_add_tail(&newest->all, &kinds[kind].slabs);
        store->uncut = newest->cells;
        store->left = cells_of_slab(kind);
    }
    return store->left != 0;
}

/* Up to `most`, at least one unless there is no memory; the first of new ones is the first to be
 * taken. */
static void cut(enum fl_cells kind, batch *to, unsigned most)
{
    struct store *store = &stores[kind];
    take_back(kind, to, most);
    if (to->count || !have_slab(kind))
        return;
    unsigned count = most < store->left ? most : store->left;
    for (unsigned i = count; i-- > 0;)
        push(to, (cell *)(store->uncut + i * kinds[kind].size));
    store->uncut += count * kinds[kind].size;
    store->left -= count;
}

static cell *take_stored(struct store *store)
{
    cell *newest = store->stored[--store->count];
    fl_decay_taken(&store->decay, store->count);
    return newest;
}

static void store_batch(enum fl_cells kind, cell *closed)
{
    struct store *store = &stores[kind];
    if (store->count < STORED)
        store->stored[store->count++] = closed;
    else
        let_go(kind, closed);
}

static void store_rest(enum fl_cells kind, batch *rest)
{
    cell *closed = close_batch(rest);
    if (closed)
        store_batch(kind, closed);
}

/* ---- A thread ---- */

/* The older half of what is kept. */
static FILCH_COLD void put_aside(enum fl_cells kind, struct own *own)
{
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < KEPT / 2; i++)
        store_batch(kind, own->kept[i]);
    pthread_mutex_unlock(&lock);
    own->count = KEPT - KEPT / 2;
    memmove(own->kept, own->kept + KEPT / 2, own->count * sizeof own->kept[0]);
}

static void thread_leaves(void *unused)
{
    (void)unused;
    mine.registered = false; /* another destructor may fill it again */
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < FL_CELLS_KINDS; i++) {
        struct own *own = &mine.of[i];
        store_rest(i, &own->taking);
        store_rest(i, &own->giving);
        while (own->count)
            store_batch(i, own->kept[--own->count]);
    }
    pthread_mutex_unlock(&lock);
}

static void make_key(void)
{
    keyed = pthread_key_create(&leaving, thread_leaves) == 0;
}

/* So that a thread's cells are freed when it ends. false: the process has used up its 1,024 keys,
 * or its memory; the thread does without a cache. */
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

/* One batch at least, unless there is no memory: one of those kept, or from the store, or new. */
static FILCH_COLD void refill(enum fl_cells from, struct own *own)
{
    struct store *store = &stores[from];
    if (!own->count) {
        pthread_mutex_lock(&lock);
        while (store->count && own->count < KEPT / 2)
            own->kept[own->count++] = take_stored(store);
        if (!own->count)
            cut(from, &own->taking, BATCH);
        pthread_mutex_unlock(&lock);
    }
    if (own->count)
        own->taking = open_batch(own->kept[--own->count]);
}

/* A thread without a cache. */
static FILCH_COLD void *take_one(enum fl_cells from)
{
    struct store *store = &stores[from];
    batch one = {0};
    pthread_mutex_lock(&lock);
    if (store->count)
        one = open_batch(take_stored(store));
    else
        cut(from, &one, 1);
    void *taken = one.head ? pop(&one) : NULL;
    store_rest(from, &one);
    pthread_mutex_unlock(&lock);
    return taken;
}

static FILCH_COLD void give_one(enum fl_cells to, cell *given)
{
    struct store *store = &stores[to];
    batch one = {0};
    pthread_mutex_lock(&lock);
    if (store->count && store->stored[store->count - 1]->count < BATCH)
        one = open_batch(take_stored(store));
    push(&one, given);
    store_rest(to, &one);
    pthread_mutex_unlock(&lock);
}

void *fl_cell_take(enum fl_cells from)
{
    if (!registered())
        return take_one(from);
    struct own *own = &mine.of[from];
    if (!own->taking.head)
        refill(from, own);
    void *taken = own->taking.head ? pop(&own->taking) : NULL;
    fl_prefetch_to_write(own->taking.head, kinds[from].size); /* the next: another core's so far */
    return taken;
}

static void keep(enum fl_cells to, struct own *own)
{
    if (own->count == KEPT)
        put_aside(to, own);
    own->kept[own->count++] = close_batch(&own->giving);
}

void fl_cell_give(enum fl_cells to, void *given)
{
    if (!registered()) {
        give_one(to, given);
        return;
    }
    struct own *own = &mine.of[to];
    push(own->taking.count < BATCH ? &own->taking : &own->giving, given);
    if (own->giving.count == BATCH)
        keep(to, own);
}

/* ---- Decay; under the lock ---- */

static void let_oldest_go(enum fl_cells kind, unsigned count)
{
    struct store *store = &stores[kind];
    for (unsigned i = 0; i < count; i++)
        let_go(kind, store->stored[i]);
    store->count -= count;
    memmove(store->stored, store->stored + count, store->count * sizeof store->stored[0]);
}

/* A worker that is about to sleep calls it: no step may hold that up. */
static int64_t decay(enum fl_cells kind, int64_t now)
{
    struct store *store = &stores[kind];
    unsigned surplus = fl_decay_surplus(&store->decay, store->count, SPARED, now);
    unsigned step = surplus < DECAY_STEP ? surplus : DECAY_STEP;
    let_oldest_go(kind, step);
    return fl_decay_next(&store->decay, step, store->count, SPARED, now);
}

int64_t fl_cells_decay(int64_t now)
{
    int64_t next = 0;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < FL_CELLS_KINDS; i++) {
        int64_t one = decay(i, now);
        if (one && (!next || one < next))
            next = one;
    }
    pthread_mutex_unlock(&lock);
    return next;
}

void fl_cells_lock(void)
{
    pthread_mutex_lock(&lock);
}

void fl_cells_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

/* Cells that workers of a runtime that was not destroyed still hold stay. */
__attribute__((destructor)) static void free_stores(void)
{
    fl_cells_lock();
    for (unsigned i = 0; i < FL_CELLS_KINDS; i++) {
        struct store *store = &stores[i];
        while (store->count)
            let_go(i, store->stored[--store->count]);
        for (; store->left; store->left--, store->uncut += kinds[i].size)
            let_one_go(i, (cell *)store->uncut);
    }
    fl_cells_unlock();
}
