/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `kafka://`, and the parts of it. All functions: owner only.
 *
 * Queues. A queue is a topic; all services of a URL's group share its partitions. TOPIC.retry has the
 * messages that wait for a time (header filch-due), TOPIC.dlq the dead letters.
 *
 * Waiting. librdkafka's threads fetch, and write to an eventfd when its queue gets its first message. The
 * owner polls that queue in `receive`, and in `turn` at least each POLL: rebalances are served there, and a
 * group excludes a member that has not polled for max.poll.interval.ms.
 *
 * Offsets. A settlement finishes its offset in the window of the partition (partitions.h), and has status 0
 * then. The lowest unfinished offset is committed behind it: the request is sent at the end of the batch, or
 * when the one before is answered. A status that waited for that answer would promise no more,
 * since a finished job above a running one cannot be committed at all. And a batch of such jobs would keep back
 * the settlement that frees them. So status 0 says: this connection does not deliver the job again, and the next
 * commit has it. A process that dies before it, or loses the partition, lets the job run again; no job is
 * lost. rabbitmq, whose acknowledgements have no answer, promises the same. `cease`, `close` and a
 * revocation wait for the last commit. A commit that is refused for call_timeout ends the connection.
 *
 * The race: a partition is revoked while jobs of it run. Its new owner would begin at the committed offset,
 * and run them again. So the answer to the revocation waits until they are finished and committed, or for a
 * third of the session (max. 10 s); then their deliveries name a partition that is gone, and each settlement
 * is -ESTALE. Rebalances are cooperative: the other partitions stay, and jobs of them run, but librdkafka
 * fetches no more for them until the revocation is answered. An answer to a commit names
 * the assignment for which it was sent, so that a late one says nothing of a later assignment.
 *
 * Copies. A retry and a dead letter are copies, confirmed before the offset of the original is finished.
 *
 * Order. The header ordering-key is the key of the record, so all jobs of a key are in one partition. With
 * ordering=yes the next one is delivered when the one before has been settled. A retry then keeps its place:
 * it waits here, without a copy, and its key with it. */
#ifndef FL_KAFKA_H
#define FL_KAFKA_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/partitions.h>
#include <runtime/service/brokers/kafka/url.h>
#include <runtime/service/key_order.h>

#include <filch/atomic.h>
#include <filch/wait.h>

#include <librdkafka/rdkafka.h>

#define FL_KAFKA_RETRY ".retry"
#define FL_KAFKA_DEAD ".dlq"
enum { FL_KAFKA_TOPIC = 256 };

/* A partition, from its assignment to its revocation. */
typedef struct fl_kafka_part {
    uint64_t id; /* of this assignment; fl_delivery.tag[0] */
    char topic[FL_KAFKA_TOPIC];
    int32_t partition;
    unsigned queue;
    fl_kafka_window window;
    fl_key_order order; /* numbers: offsets */
    int64_t committed; /* where a consumer that took it over would begin; -1: nothing is received */
    int64_t sent;      /* by the last commit, answered or not */
    size_t held;       /* deliveries in the backlog */
    size_t running;    /* received by the service, and not settled */
    bool is_retry, is_paused, is_leaving;
    bool is_at_end; /* there was no further message */
} fl_kafka_part;

/* A delivery that `receive` has not returned yet. */
typedef struct fl_kafka_held {
    fl_delivery *delivery;
    int64_t due;  /* ns of Unix time; 0: at once */
    bool has_key; /* a retry in its place: the order's key is busy for it */
} fl_kafka_held;

typedef struct fl_kafka_backlog {
    fl_kafka_held *held; /* in the order of delivery, from `ready` on by due */
    size_t ready, count, room;
} fl_kafka_backlog;

typedef struct fl_kafka {
    fl_broker base; /* first */
    fl_broker_config config;
    fl_kafka_options options;
    rd_kafka_t *consumer, *producer;
    rd_kafka_queue_t *events, *commits;
    int wake; /* eventfd; -1 */
    fl_kafka_part **parts;
    size_t part_count;
    uint64_t last_id;
    int64_t polled_at, leave_by, leave_most, down_since;
    int64_t taken_at;               /* filch_now(): it was opened, or the last message came */
    int64_t commit_sent, commit_at; /* filch_now(): the last one; the least time of the next */
    int64_t commit_since;           /* the first one since the last that succeeded; 0: none */
    rd_kafka_resp_err_t commit_error;
    uint32_t commit_joined; /* fl_kafka_joined when the last commit was sent */
    uint32_t joined_before;
    int64_t join_by;              /* filch_now(): a JoinGroup is expected until then; 0: none */
    filch_u32 is_joining, joined; /* written by librdkafka's threads */
    rd_kafka_topic_partition_list_t *leaving; /* NULL: no revocation is under way */
    rd_kafka_message_t *refused;              /* for which there was no memory; or NULL */
    rd_kafka_resp_err_t failed;               /* reported by librdkafka; ends the connection */
    char distrusted[256];            /* HOST:PORT of a server with which TLS failed; "": none */
    rd_kafka_resp_err_t unconfirmed; /* the same of the producer: commits go on */
    rd_kafka_resp_err_t noted;       /* the last error of the consumer that was logged */
    bool has_more, is_ceased, is_closing;
    fl_kafka_backlog backlog[]; /* of each queue */
} fl_kafka;

static inline fl_kafka *fl_kafka_of(fl_broker *broker)
{
    return (fl_kafka *)(void *)broker;
}

static inline int64_t fl_kafka_now(const fl_kafka *k)
{
    return k->base.host->now(k->base.host);
}

static inline int fl_kafka_call_ms(const fl_kafka *k)
{
    return (int)(k->config.call_timeout / FILCH_MILLISECOND);
}

/* ---- connection.c ---- */

/* Does a person have to act? */
bool fl_kafka_is_refusal(rd_kafka_resp_err_t error);
fl_broker_rc fl_kafka_open_consumer(fl_kafka *k);
fl_broker_rc fl_kafka_open_producer(fl_kafka *k);
/* LOST or REFUSED, explained. fl_kafka_failed: and the connection ends. */
fl_broker_rc fl_kafka_explain(fl_kafka *k, const char *doing, rd_kafka_resp_err_t error);
fl_broker_rc fl_kafka_failed(fl_kafka *k, const char *doing, rd_kafka_resp_err_t error);
/* LOST: no server has been reached for the time of a call. */
fl_broker_rc fl_kafka_probe(fl_kafka *k);
void fl_kafka_disconnect(fl_kafka *k);

/* Creates the topics of the queues that are missing, unless the URL says not to. */
fl_broker_rc fl_kafka_open_topics(fl_kafka *k, rd_kafka_t *rk);

/* ---- partitions.c ---- */

/* The partition of a delivery or a message; NULL: it is not, or no more, this connection's. */
fl_kafka_part *fl_kafka_part_of(fl_kafka *k, uint64_t id);
fl_kafka_part *fl_kafka_part_named(fl_kafka *k, const char *topic, int32_t partition);
void fl_kafka_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t *list, void *connection);
/* The partition's log is shorter than what was received of it: begins it anew. */
void fl_kafka_begin_anew(fl_kafka *k, fl_kafka_part *part);
/* Gives partitions away that are revoked, if their jobs are finished and committed, or the time is over. */
void fl_kafka_leave(fl_kafka *k);
void fl_kafka_drop_parts(fl_kafka *k);

/* ---- connection.c ---- */

void fl_kafka_watch_joins(fl_kafka *k, rd_kafka_conf_t *conf);
/* How many times this member has joined. */
uint32_t fl_kafka_joined(const fl_kafka *k);
/* A JoinGroup follows, or has followed since the member had joined so many times. */
void fl_kafka_expect_join(fl_kafka *k, uint32_t joined);
/* Would a commit be of a generation that ends? */
bool fl_kafka_is_joining(const fl_kafka *k);

/* ---- settle.c ---- */

bool fl_kafka_is_committed(const fl_kafka_part *part);
/* Is something finished that no commit has been sent for, or a refused one? */
bool fl_kafka_has_unsent(const fl_kafka *k);
/* Is so much finished that a rebalance or a slow answer keeps from being committed that no more may begin? If
 * this process died, all of that would run again. */
bool fl_kafka_is_held_up(const fl_kafka *k);
/* Takes answers that have come, and commits what has been finished, if it is time. */
fl_broker_rc fl_kafka_commit(fl_kafka *k);
/* Waits, for call_timeout at most, until all that has been finished is committed. */
fl_broker_rc fl_kafka_await_commits(fl_kafka *k);

/* ---- backlog.c ---- */

/* Room for one delivery more. false: no memory. */
bool fl_kafka_reserve(fl_kafka *k, unsigned queue);
/* Keeps a new delivery until its time, behind those of that time. Both: after fl_kafka_reserve. */
void fl_kafka_hold(fl_kafka *k, fl_delivery *delivery, int64_t due);
/* The same for a retry that keeps its place, and its key. */
void fl_kafka_hold_retry(fl_kafka *k, fl_delivery *delivery, int64_t due);
/* Keeps one that was taken before, before all but older ones of its partition. */
void fl_kafka_hold_again(fl_kafka *k, fl_delivery *delivery);
/* The key whose jobs run one after another; NULL: none. */
const char *fl_kafka_key(const fl_kafka *k, const filch_message *message);
/* Takes those that are ready, in order, except those whose key has a job that runs. */
unsigned fl_kafka_take(fl_kafka *k, unsigned queue, fl_delivery **out, unsigned most);
/* Drops those of a partition; 0: all. */
void fl_kafka_drop_held(fl_kafka *k, uint64_t part);
/* The time of host->now at which the next one is due; FILCH_FOREVER: none. */
int64_t fl_kafka_next_due(fl_kafka *k);

/* ---- partitions.c ---- */

/* Moves delayed jobs that keep back many offsets, at the end all, behind the others. LOST: a copy is not known to
 * be safe; its job stays where it was. */
fl_broker_rc fl_kafka_pass_on(fl_kafka *k);

/* ---- message.c ---- */

rd_kafka_headers_t *fl_kafka_write_headers(const filch_message *message, int64_t due);
/* due: 0, or ns of Unix time before which it may not run. NULL: no memory. */
fl_delivery *fl_kafka_read(fl_kafka *k, const rd_kafka_message_t *raw, unsigned queue,
                           int64_t *due);

/* ---- publish.c ---- */

/* Hands a message to librdkafka; *status is written by fl_kafka_confirm, at the latest. */
void fl_kafka_send(fl_kafka *k, const filch_message *message, const char *topic, int64_t due,
                   int *status);
/* Waits until all that were sent are confirmed or have failed. LOST: one is not known to be safe. */
fl_broker_rc fl_kafka_confirm(fl_kafka *k);
/* The topic that keeps a message of this queue until its time. */
void fl_kafka_topic(char topic[FL_KAFKA_TOPIC], const char *queue, bool is_delayed);
fl_broker_rc fl_kafka_publish(fl_broker *broker, fl_publication *batch, unsigned count);
/* librdkafka's report of one message. */
void fl_kafka_reported(rd_kafka_t *rk, const rd_kafka_message_t *message, void *connection);

/* ---- receive.c, settle.c, backlog.c ---- */

/* Takes up to `most` messages out of librdkafka's queue, and serves rebalances. */
fl_broker_rc fl_kafka_poll(fl_kafka *k, unsigned most);
fl_broker_rc fl_kafka_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                              unsigned *count);
unsigned fl_kafka_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                        int64_t *until);
fl_broker_rc fl_kafka_turn(fl_broker *broker);
fl_broker_rc fl_kafka_cease(fl_broker *broker);
bool fl_kafka_may_come(fl_broker *broker, int64_t since);
extern const fl_transport fl_kafka_transport;
fl_broker_rc fl_kafka_count(fl_broker *broker, unsigned queue, fl_broker_count *out);

#endif
