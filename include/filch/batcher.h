/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Batchers: collect single items and process many at a time, such as rows for one INSERT, messages
 * for one request, or records for one write. For service authors.
 *
 *   static void insert(filch_self self, void *const *rows, int *outcomes, size_t count, void *db)
 *
 *   filch_batcher_create(&rows, rt, &(filch_batcher_config){
 *       .size = 500, .age = 10 * FILCH_MILLISECOND, .in_flight = 2, .flush = insert, .arg = db});
 *
 *   int outcome, rc = filch_batcher_add(rows, &row, &outcome, filch_in(FILCH_SECOND));
 *
 * A batch is flushed when it has `size` items, when its first item is as old as `age`, on
 * request, or when the batcher is closed. Then a task of the runtime calls `flush` with it,
 * while further items are collected. While `in_flight` calls are running, the next batch collects
 * items, however old it is; when it is full, callers that add wait, first come, first served. Each
 * item has an outcome, which is reported to the caller that added it: a waiting caller is resumed,
 * otherwise a callback is called. Items are pointers, passed on unchanged.
 * If flush panics, the panic's code is the outcome of each item of that batch.
 * Life: a batcher is created, used, closed and destroyed. The runtime must exist until then. A
 * child of fork() cannot use its copy.
 * Threads: tasks and any thread may call every function. flush and the callbacks may add only
 * without waiting (filch_batcher_add_then with a time of 0), and must not wait or destroy: they
 * would wait for themselves. Suspends: adding, waiting and destroying, as <filch/wait.h> says.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_BATCHER_H
#define FILCH_BATCHER_H
#include <filch/detail/hide_words.h>

#include <filch/runtime.h>
#include <filch/wait.h>

/* The most items in a batch. */
#define FILCH_BATCH_MAX 65536
/* The most batches in flight. */
#define FILCH_BATCHES_MAX 1024

typedef struct filch_batcher filch_batcher;

/* Processes all items, in the order in which they were added. Sets outcomes[i], initially 0, to
 * the outcome of items[i]: 0, or a negative errno (any other number counts as -EINVAL). May
 * wait, and panic. The arrays are invalid after it returns. */
typedef void filch_flush_fn(filch_self self, void *const *items, int *outcomes, size_t count,
                            void *arg);
/* Receives the outcome of an item. Runs in the task that flushed it; may wait, and panic (which
 * counts as a panic without a waiter: <filch/panic.h>). */
typedef void filch_flushed_fn(void *item, int outcome, void *arg);

/* The batcher to create. */
typedef struct filch_batcher_config {
    size_t size;        /* items of a full batch, 1 .. FILCH_BATCH_MAX */
    int64_t age;        /* ns after which a batch is flushed even if not full; 0: never */
    unsigned in_flight; /* concurrent calls of flush, at most FILCH_BATCHES_MAX; 0: one */
    filch_flush_fn *flush;
    void *arg; /* for flush */
    void *reserved[4];
} filch_batcher_config;

/* A consistent snapshot. added == flushed + taken_back + collected + in_flight. */
typedef struct filch_batcher_stats {
    uint64_t added;
    uint64_t flushed;            /* items that have an outcome; */
    uint64_t failed;             /* of these, with an outcome other than 0 */
    uint64_t taken_back;         /* timed out before their batch was flushed */
    uint64_t batches;            /* flushed; */
    uint64_t full;               /* of these, with `size` items */
    uint64_t panics;             /* of flush */
    uint64_t waits;              /* adds that had to wait for room */
    uint64_t refused;            /* failed adds: closed, or too late */
    size_t collected, in_flight; /* items, now */
} filch_batcher_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a batcher that flushes on rt (NULL: the calling task's runtime). Allocates all memory
 * that it will need. Errors: -EINVAL (config names no flush, or a field is out of range); -ENOMEM;
 * -EAGAIN or -EMFILE (no timer); -ECHILD. */
FILCH_API int filch_batcher_create(filch_batcher **out, filch_runtime *rt,
                                   const filch_batcher_config *config);
/* Closes the batcher: present and later callers that add get -EPIPE. Collected items are flushed.
 * Does not wait. May be called again. */
FILCH_API void filch_batcher_close(filch_batcher *batcher);
/* Waits until the batcher is closed, each item has its outcome, and all waiters have received it.
 * Errors: -ETIMEDOUT (call again); -EINVAL (NULL, or a negative time); -ENOMEM or -EAGAIN (no
 * timer). */
FILCH_API int filch_batcher_wait(filch_batcher *batcher, int64_t until);
/* Closes it, waits until that is done, and frees it; do not use it afterwards. NULL is
 * allowed. */
FILCH_API void filch_batcher_destroy(filch_batcher *batcher);

/* ---- Operations ---- */

/* Adds the item, waits for its outcome, and stores it in *outcome. Errors: -ETIMEDOUT (the item was
 * not added, or taken back, and will not be flushed). -EINPROGRESS (its flush is running, so it
 * cannot be taken back: the item must stay in place until the flush returns). Other errors, with
 * the item not added, or taken back: -EPIPE (closed); -EINVAL (NULL, or a negative time); -ENOMEM
 * or -EAGAIN (no timer). */
FILCH_API int filch_batcher_add(filch_batcher *batcher, void *item, int *outcome, int64_t until);
/* Adds the item; waits only for room, until `until`. told(item, outcome, arg), unless `told` is
 * NULL, is called once the item has its outcome. Errors, with the item not added: -ETIMEDOUT (no
 * room); -EPIPE (closed); -EINVAL (NULL, or a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_batcher_add_then(filch_batcher *batcher, void *item, filch_flushed_fn *told,
                                     void *arg, int64_t until);
/* Flushes the collected items as soon as fewer than `in_flight` calls are running. Does not
 * wait. Errors: -EPIPE (closed); -EINVAL (NULL). */
FILCH_API int filch_batcher_flush(filch_batcher *batcher);

/* ---- Queries ---- */

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. */
FILCH_API void filch_batcher_stats_read(filch_batcher *batcher, filch_batcher_stats *out,
                                        size_t size);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
