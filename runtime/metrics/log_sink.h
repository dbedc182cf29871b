/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A log sink, internal part.
 *
 * The race: the reader of a pipe stalls, and the thread of the sink waits for it. A hundred tasks go
 * on logging. None of them may wait for that thread, and the reader must learn later how many lines
 * are missing, and where.
 *
 * So tasks and thread share a ring of bytes under a plain lock, which is held for the copy of one
 * line, or of one batch of at most PIPE_BUF bytes. The thread writes without the lock. Each line has
 * its size in front. `in` and `out` count bytes since the creation. A line without room leaves a
 * gap: the value of `in` then. When the thread comes to the gap, it writes the number of all lines
 * that have been dropped until now. So there is at most one such line in a ring's length of others.
 *
 * A batch is no larger than PIPE_BUF, so that poll() is right about pipes: it says that a pipe takes
 * bytes when it takes that many. Only another writer of the same pipe can be quicker; then write()
 * hangs, and filch_log_sink_destroy leaves the sink to its thread. O_NONBLOCK is not an alternative:
 * it belongs to the open file, which other processes share.
 *
 * The end: filch_log_sink_destroy sets `closing`, and waits for `over`, which the thread sets as its
 * last use of the sink but the unlocking of it; then the thread is joined and the sink freed. Where
 * a write hangs, destroy sets `abandoned` instead, and the thread frees the sink. Both are decided
 * under the lock. */
#ifndef FL_LOG_SINK_H
#define FL_LOG_SINK_H

#include <filch/log.h>
#include <runtime/platform/error.h>
#include <runtime/platform/warning.h>
#include <runtime/sync/wait.h>

#include <limits.h>
#include <pthread.h>

/* The bytes of one write. */
typedef struct fl_log_batch {
    size_t begin, size; /* begin: of the first line; 1 behind the end of a torn one */
    unsigned lines;
    uint64_t dropped; /* above 0: it is the line about dropped ones */
    char text[PIPE_BUF];
} fl_log_batch;

struct filch_log_sink {
    fl_warning_outlet outlet; /* first; of the library's warnings */
    /* Constant */
    int fd, wake_event;
    uint32_t life; /* runtime/platform/given.h */
    unsigned fork_generation;
    filch_log_keys keys;
    size_t size;
    pthread_t thread;
    /* Its thread's */
    fl_log_batch batch;
    bool torn; /* the file ends in a part of a line */
    /* Under the lock */
    filch_u32 lock;
    uint64_t in, out, settled; /* settled: written or lost */
    bool has_gap, noting;      /* noting: the line about dropped ones is being written */
    uint64_t gap, told;        /* told: dropped lines that the file knows of */
    filch_log_sink_stats stats;
    filch_waiters idle, flushing; /* its thread; those who wait for it */
    bool closing, over, late, abandoned;
    int64_t until; /* its end, if it is closing */
    char ring[];
};

/* The thread of a sink; arg is the sink. */
void *fl_log_sink_run(void *arg);
/* Frees it. */
void fl_log_sink_release(filch_log_sink *sink);

#endif
