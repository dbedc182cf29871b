/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection to a Redis server: a socket that does not block, TLS where the URL asks for it, and
 * hiredis' reader of replies. hiredis 0.14 has no TLS, so the socket is ours. Times are filch_now's.
 * After a failure, which is explained, only close is allowed. */
#ifndef FL_REDIS_WIRE_H
#define FL_REDIS_WIRE_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/tls.h>
#include <runtime/service/brokers/redis/url.h>

#include <hiredis/hiredis.h>
#include <stdbool.h>

typedef struct fl_redis_wire {
    const fl_broker_host *host;
    int fd; /* -1: closed */
    fl_redis_tls *tls;
    redisReader *reader;
    size_t reply_most, reply_size; /* bytes: the limit of one reply, those of the present one */
    unsigned aside;                /* replies to come before the next that is waited for */
    bool is_aside_refused;         /* one of them was an error */
} fl_redis_wire;

/* Connects. REFUSED: the certificate, or a password that would cross a network in the clear. */
fl_broker_rc fl_redis_wire_open(fl_redis_wire *wire, const fl_broker_host *host,
                                const fl_redis_url *url, size_t reply_most, int64_t until);
void fl_redis_wire_close(fl_redis_wire *wire);
fl_broker_rc fl_redis_wire_send(fl_redis_wire *wire, const char *text, size_t size, int64_t until);
/* Waits for a reply; those of `aside` go unseen. The caller frees it by freeReplyObject. */
fl_broker_rc fl_redis_wire_reply(fl_redis_wire *wire, redisReply **out, int64_t until);
/* The next reply at hand; *out is NULL: none. */
fl_broker_rc fl_redis_wire_poll(fl_redis_wire *wire, redisReply **out);

#endif
