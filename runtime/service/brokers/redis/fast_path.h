/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages without fields of their own, received and settled without scripts. */
#ifndef FL_REDIS_FAST_PATH_H
#define FL_REDIS_FAST_PATH_H

#include <filch/base.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Commands as one text ---- */

/* Several commands for a Redis server as one text, written word by word. Its memory serves again. */

/* Zero bytes: an empty one. */
typedef struct fl_redis_pipe {
    char *bytes;
    size_t size, room;
    bool is_short; /* of memory: the text is not whole */
} fl_redis_pipe;

/* Begins anew. */
void fl_redis_pipe_clear(fl_redis_pipe *pipe);
/* Begins a command of so many words, which follow. */
void fl_redis_pipe_words(fl_redis_pipe *pipe, unsigned count);
void fl_redis_pipe_word(fl_redis_pipe *pipe, const char *text);
/* A word of up to 600 bytes; a longer one makes the text short. */
FILCH_PRINTF(2, 3)
void fl_redis_pipe_print(fl_redis_pipe *pipe, const char *format, ...);
/* The word FIRST-SECOND. */
void fl_redis_pipe_pair(fl_redis_pipe *pipe, uint64_t first, uint64_t second);
/* Appends once more the bytes from `from` to `to` of this text. */
void fl_redis_pipe_repeat(fl_redis_pipe *pipe, size_t from, size_t to);
void fl_redis_pipe_free(fl_redis_pipe *pipe);

/* ---- Messages without fields ---- */

/* The usual batch without a script: one transaction of XACK, XDEL and XREADGROUP, sent as one text
 * and answered at once. A script that reads messages copies each into Lua and out again, which
 * costs the server twice the rest of its work.
 *
 * The race: between two transactions, another client returns a message, loses a lease, pauses the
 * queue or adds an urgent message. Then plain commands would read the wrong messages, or acknowledge
 * an entry that is another worker's. So the keys that tell of it are under WATCH from one
 * transaction to the next, and the server drops a transaction if one of them has changed. The
 * scripts do its work instead. WATCH begins anew behind each transaction; MGET after it reads the
 * values that show a change between these two. Another key may change in this moment as well, if a
 * client gets in between two commands of one text: that is obeyed within FL_REDIS_PLAIN_AGE.
 *
 * A transaction may read only while a script, or a transaction before it, has filled its batch with
 * new messages of one stream: then no message is ready before these. After FL_REDIS_PLAIN_AGE a
 * script looks again, since a delayed message may have become ready.
 *
 * Settlements and messages of one queue and one priority are served in this way; of others by the
 * scripts. Owner only. */

#define FL_REDIS_PLAIN_AGE (50 * FILCH_MILLISECOND)

struct fl_redis;

typedef struct fl_redis_plain {
    bool is_watched;          /* WATCH is in force for the keys of this queue and priority */
    bool reads;               /* until `until`, a transaction may read */
    unsigned queue, priority; /* the stream */
    uint64_t losses;          /* of the queue, since WATCH; mod 2^29 */
    int64_t until;            /* host->now's */
    uint64_t found; /* entries that the last transaction has settled. If others have removed
                                 some, the server does not report which: all count as stale */
    fl_redis_pipe pipe;
    /* Messages that have been read and not received: the transaction's reply, or NULL, and its
     * entries. None are left behind a call of the broker. */
    redisReply *reply;
    const redisReply *entries;
    size_t at;            /* the first that has not been received */
    int64_t since;        /* when they were read, host->now's */
    uint64_t read_losses; /* `losses` then */
} fl_redis_plain;

/* Before a call of the script FL_REDIS_RECEIVE: sends WATCH for a queue whose last answer was usual. */
fl_broker_rc fl_redis_plain_watch(struct fl_redis *r, unsigned queue);
/* That script has filled its batch from the stream of this priority (-1: it has not), at `now`. */
void fl_redis_plain_begin(struct fl_redis *r, unsigned queue, long long priority, uint64_t losses,
                          int64_t now);
/* Receives messages read ahead, and reads more while this is allowed. *count as for `receive`, from
 * which the script receives the rest. */
fl_broker_rc fl_redis_plain_receive(struct fl_redis *r, unsigned queue, fl_delivery **out,
                                    unsigned most, unsigned *count);
/* Settles the batch, and reads up to `most` messages of a queue for the next receive. *done: false,
 * if this is up to the script. */
fl_broker_rc fl_redis_plain_settle(struct fl_redis *r, fl_settlement *batch, unsigned count,
                                   unsigned queue, unsigned most, bool *done);
void fl_redis_plain_free(fl_redis_plain *plain);

#endif
