/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/metrics/counter.h>

#include <filch/metrics.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETS = 4, SET = 64 };
#ifdef FILCH_TINY
enum { OWN_LEAST = 2, OWN_MOST = 2 };
#else
enum { OWN_LEAST = 8, OWN_MOST = SETS * SET };
#endif

static filch_u64 held[SETS]; /* a bit for each shard that belongs to a thread */
static filch_u32 turn;       /* of the shared ones */
static unsigned own;         /* how many belong to one thread; set once */
static bool keyed;
static pthread_key_t leaving;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The thread's shard and 1; 0: none yet. */
static __thread unsigned mine __attribute__((tls_model("initial-exec")));

static void give(unsigned index)
{
    filch_u64_and(&held[index / SET], ~(UINT64_C(1) << index % SET),
                  FILCH_ACQ_REL); /* ReturnCells */
}

static void thread_leaves(void *unused)
{
    (void)unused;
    unsigned shard = mine - 1;
    mine = 0; /* another destructor may count, and takes one anew */
    give(shard - FL_SHARDS_SHARED);
}

static void prepare(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    own = processors > OWN_MOST / 2 ? OWN_MOST : 2 * (unsigned)(processors > 0 ? processors : 1);
    own = own < OWN_LEAST ? OWN_LEAST : own;
    own = own > OWN_MOST ? OWN_MOST : own;
    keyed = pthread_key_create(&leaving, thread_leaves) == 0;
}

unsigned fl_shards(void)
{
    pthread_once(&once, prepare);
    return FL_SHARDS_SHARED + own;
}

/* The number of shards for one thread alone; `own`: all are taken. */
static unsigned take(void)
{
    for (unsigned index = 0; index < own; index++) {
        uint64_t bit = UINT64_C(1) << index % SET;
        if (!(filch_u64_or(&held[index / SET], bit, FILCH_ACQ_REL) & bit)) /* TakeCells */
            return index;
    }
    return own;
}

static FILCH_COLD unsigned shard_slow(void)
{
    pthread_once(&once, prepare);
    unsigned index = keyed ? take() : own;
    if (index < own && pthread_setspecific(leaving, &mine)) { /* it could not be given back */
        give(index);
        index = own;
    }
    /* relaxed: turns only spread */
    mine = 1 + (index < own ? FL_SHARDS_SHARED + index
                            : filch_u32_add(&turn, 1, FILCH_RELAXED) % FL_SHARDS_SHARED);
    return mine - 1;
}

__attribute__((noinline)) unsigned fl_shard(void)
{
    unsigned shard = mine;
    return FILCH_LIKELY(shard) ? shard - 1 : shard_slow();
}

void *fl_shards_create(size_t size)
{
    size_t all = size * fl_shards();
    void *shards = aligned_alloc(FILCH_APART, all);
    return shards ? memset(shards, 0, all) : NULL;
}

/* ---- Counters ---- */

/* Counters, a cell for each shard (runtime/metrics/counter.h), and gauges, which are one word: a
 * value that is set cannot be spread. */

typedef struct cell {
    filch_u64 tally;
    uint32_t life; /* of the counter, in each cell: an add touches no other */
} FILCH_ALIGNED(FILCH_APART) cell;

/* The counter is its cells. */
static cell *cells_of(filch_counter *counter)
{
    return (cell *)counter;
}

int filch_counter_create(filch_counter **out)
{
    FL_GIVEN(out);
    void *cells = fl_shards_create(sizeof(cell));
    if (!cells)
        return fl_fail(ENOMEM, "no memory for a counter; free some");
    for (unsigned i = fl_shards(); i-- > 0;)
        fl_life_begin(&((cell *)cells)[i].life);
    *out = cells;
    return 0;
}

void filch_counter_destroy(filch_counter *counter)
{
    if (!counter)
        return;
    FL_MUST_LIVE_IN(__func__, "counter", cells_of(counter));
    for (unsigned i = fl_shards(); i-- > 0;)
        fl_life_end(&cells_of(counter)[i].life);
    free(counter);
}

void filch_counter_add(filch_counter *counter, uint64_t n)
{
    FL_MUST_GIVE(counter);
    unsigned shard = fl_shard();
    cell *cell_here = &cells_of(counter)[shard];
    FL_MUST_LIVE_IN(__func__, "counter", cell_here);
    fl_shard_add(shard, &cell_here->tally, n);
}

uint64_t filch_counter_read(const filch_counter *counter)
{
    FL_MUST_GIVE(counter);
    const cell *cells = (const cell *)counter;
    FL_MUST_LIVE_IN(__func__, "counter", cells);
    uint64_t sum = 0;
    for (unsigned i = fl_shards(); i-- > 0;)
        sum += fl_shard_read(&cells[i].tally);
    return sum;
}

void filch_gauge_set(filch_gauge *gauge, int64_t value)
{
    FL_MUST_GIVE(gauge);
    /* relaxed: a number; nothing else depends on it */
    filch_u64_store(&gauge->level, (uint64_t)value, FILCH_RELAXED);
}

void filch_gauge_add(filch_gauge *gauge, int64_t n)
{
    FL_MUST_GIVE(gauge);
    filch_u64_add(&gauge->level, (uint64_t)n, FILCH_RELAXED); /* relaxed: the same */
}

int64_t filch_gauge_read(const filch_gauge *gauge)
{
    FL_MUST_GIVE(gauge);
    return (int64_t)filch_u64_load(&gauge->level, FILCH_RELAXED); /* relaxed: the same */
}
