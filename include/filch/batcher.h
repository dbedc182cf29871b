/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A batcher: collects items that come one by one, and hands them on many at a time: rows for one
 * INSERT, messages for one request, records for one write. For service authors.
 *
 *   static void insert(filch_self self, void *const *rows, int *outcomes, size_t count, void *db)
 *
 *   filch_batcher_create(&rows, rt, &(filch_batcher_config){
 *       .size = 500, .age = 10 * FILCH_MILLISECOND, .in_flight = 2, .flush = insert, .arg = db});
 *
 *   int outcome, rc = filch_batcher_add(rows, &row, &outcome, filch_in(FILCH_SECOND));
 *
 * A batch goes when it has `size` items, when its first item is as old as `age`, when somebody asks
 * for it, or when the batcher is closed. Then `flush` is called with it in a task of the runtime;
 * meanwhile others are collected. While `in_flight` calls are under way the next batch goes on
 * collecting, however old; when it is full, who adds waits: first come, first served.
 * Each item has an outcome, of which who has added it is told: one that waits for it is resumed,
 * else a callback is called. Items are pointers, which the batcher hands on as they are.
 * If flush panics, the panic's code is the outcome of each item of that batch.
 * Life: created; used; closed; destroyed. The runtime has to be there until then. A child of fork()
 * has no use of its copy.
 * Threads: all may be called by tasks and by any thread; where a call waits, see <filch/wait.h>.
 * flush and the callbacks may add only without waiting (by filch_batcher_add_then with a time of 0),
 * and may not close or destroy: they would wait for themselves.
 * Errors: 0 or a negative errno. */
#ifndef FILCH_BATCHER_H
#define FILCH_BATCHER_H

#include <filch/runtime.h>
#include <filch/wait.h>

/* The most items of a batch, and batches in flight. */
#define FILCH_BATCH_MAX 65536
#define FILCH_BATCHES_MAX 1024

typedef struct filch_batcher filch_batcher;

/* Does with all items what is to be done. They stand in the order in which they were added;
 * outcomes[i], which is 0, is that of items[i]: 0, or a negative errno (any other number counts as
 * -EINVAL). May wait, and panic. The arrays go when it returns. */
typedef void filch_flush_fn(filch_self self, void *const *items, int *outcomes, size_t count,
                            void *arg);
/* What became of an item. Called in the task that has flushed it; may wait, and panic (which then
 * counts as a panic for which nobody waits: <filch/panic.h>). */
typedef void filch_flushed_fn(void *item, int outcome, void *arg);

/* What to create. */
typedef struct filch_batcher_config {
    size_t size;        /* items of a full batch, 1 .. FILCH_BATCH_MAX */
    int64_t age;        /* ns after which a batch goes though it is not full; 0: never */
    unsigned in_flight; /* calls of flush at a time, at most FILCH_BATCHES_MAX; 0: one */
    filch_flush_fn *flush;
    void *arg; /* of flush */
    void *reserved[4];
} filch_batcher_config;

/* Numbers, all of one moment. added == flushed + taken_back + collected + in_flight. */
typedef struct filch_batcher_stats {
    uint64_t added;
    uint64_t flushed;            /* items that have an outcome; */
    uint64_t failed;             /* of these, one that is not 0 */
    uint64_t taken_back;         /* too late before their batch went */
    uint64_t batches;            /* that went; */
    uint64_t full;               /* of these, with `size` items */
    uint64_t panics;             /* of flush */
    uint64_t waits;              /* adds that had to wait for room */
    uint64_t refused;            /* adds that got none: closed, or too late */
    size_t collected, in_flight; /* items, now */
} filch_batcher_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* A batcher that flushes on rt, or with NULL on the calling task's runtime. All memory that it needs
 * it takes now. -EINVAL; -ENOMEM; -EAGAIN, -EMFILE no timer; -ECHILD. */
FILCH_API int filch_batcher_create(filch_batcher **out, filch_runtime *rt,
                                   const filch_batcher_config *config);
/* Nothing is added any more: who waits for room gets -EPIPE, as does who comes. What was collected
 * goes. Waits until each item has its outcome, and who waited has been told: 0; or until then:
 * -ETIMEDOUT, and it is closed nevertheless. Any number of times. -EINVAL a NULL, or a negative time;
 * -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_batcher_close(filch_batcher *batcher, int64_t until);
/* Closes it, waits as long as that takes, and frees it; nobody may call it any more. NULL is
 * allowed. */
FILCH_API void filch_batcher_destroy(filch_batcher *batcher);

/* ---- Operations ---- */

/* Adds the item, and waits for its outcome, which is left in *outcome. -ETIMEDOUT it is too late: the
 * item was not added, or has been taken back, and will not be flushed. -EINPROGRESS it is too late
 * also for that: its flush is under way, and the item has to stay where it is until that is over.
 * -EPIPE closed: it was not added; -EINVAL a NULL, or a negative time; -ENOMEM, -EAGAIN no timer: it
 * was not added, or taken back. */
FILCH_API int filch_batcher_add(filch_batcher *batcher, void *item, int *outcome, int64_t until);
/* Adds the item; waits for room only. told(item, outcome, arg) will be called, unless it is NULL.
 * -ETIMEDOUT there is no room, -EPIPE, -EINVAL, -ENOMEM, -EAGAIN: it was not added. */
FILCH_API int filch_batcher_add_then(filch_batcher *batcher, void *item, filch_flushed_fn *told,
                                     void *arg, int64_t until);
/* What was collected goes, as soon as fewer than `in_flight` calls are under way. Does not wait.
 * -EPIPE it is closed; -EINVAL NULL. */
FILCH_API int filch_batcher_flush(filch_batcher *batcher);

/* ---- Queries ---- */

/* Fills *out. */
FILCH_API void filch_batcher_stats_read(filch_batcher *batcher, filch_batcher_stats *out);

FILCH_END_DECLS
#endif
