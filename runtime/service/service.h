/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service: its parts, and the life of a message in it.
 *
 * Two kinds of threads meet here. The owner, a plain thread in filch_service_run, talks to the
 * broker and decides about messages. Runners, jobs of the pool, call handlers. They share one
 * lock, the lists `ready` and `over`, and the state of each job:
 *
 *   state     set by                                 then
 *   WAITING   owner: received, in its type's list    QUEUED, CLAIMED
 *   QUEUED    owner: in `ready`, for any runner      RUNNING, CLAIMED
 *   RUNNING   runner: its handler is called          OVER
 *   OVER      runner: the function has returned
 *   CLAIMED   owner: taken before it began
 *
 * The owner answers a job that is OVER or CLAIMED, and then frees it.
 *
 * The race: the owner wants to return a queued job (a drain, a lost lease) while a runner begins
 * it. The first takes it out of `ready`, under the lock, and sets RUNNING or CLAIMED.
 * The same race decides a cancel (`stopped`): a job that is CLAIMED is forgotten; the context of one
 * that is RUNNING is done, and the runner finds `stopped` when it decides about the run. If it decided
 * before, its verdict stands: the broker keeps the mark with a message that is retried, so the next
 * delivery is CLAIMED as soon as it is received.
 * A runner's last touch of a job is to append it to `over`. So the owner answers only functions
 * that have returned, and frees jobs without a count of references.
 *
 * The owner sleeps until `over_enough` jobs are over. It sets this number in the critical section in
 * which it finds fewer in `over` and says that it is asleep, and the runner that reaches it wakes the
 * owner. All that the number depends on is the owner's, and so stays as it is meanwhile. It is at most
 * the number of jobs that are ready, running or in `over`, so the last one wakes the owner. */
#ifndef FL_SERVICE_H
#define FL_SERVICE_H

#include <filch/service.h>
#include <runtime/platform/container.h>
#include <runtime/platform/ranges.h>
#include <runtime/service/ahead.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/job.h>
#include <runtime/service/loop.h>
#include <runtime/service/message.h>
#include <runtime/service/periodic/periodic.h>
#include <runtime/service/publisher.h>

#include <pthread.h>
#include <stdbool.h>

enum {
    FL_SETTLE_BATCH = 100,    /* answers in one call of the broker */
    FL_REASON_BYTES = 128,    /* of a retry or a dead letter, the closing NUL included */
    FL_COPIED_ID_BYTES = 256, /* of an envelope's id that a copy takes over; brokers limit ids */
};
#define FL_SETTLE_AGE (5 * FILCH_MILLISECOND)    /* the oldest answer waits for so long */
#define FL_SETTLE_PAUSE (10 * FILCH_MILLISECOND) /* before a busy broker is asked again */
#define FL_CALL_TIMEOUT (10 * FILCH_SECOND)

typedef enum fl_service_state {
    FL_SERVICE_WAITING,
    FL_SERVICE_QUEUED,
    FL_SERVICE_RUNNING,
    FL_SERVICE_OVER,
    FL_SERVICE_CLAIMED
} fl_service_state;

/* A type of jobs: the owner's. */
typedef struct fl_service_type {
    filch_handler handler; /* with the defaults filled in */
    filch_limiter *limiter;
    fl_list waiting; /* jobs for which there is no place yet */
    unsigned in_pool;
    int64_t next;     /* time of filch_now at which the first may begin, by the rate; 0: now */
    bool permitted;   /* `next` is a permit that is not used yet */
    int64_t expected; /* ns: a run of it. Under the lock (runtime/service/ready.h) */
    fl_record record;
} fl_service_type;

/* The decision about a run. */
typedef struct fl_service_verdict {
    filch_service_outcome outcome;
    fl_settle_verb verb;
    unsigned attempt; /* of the next delivery */
    int64_t delay;
    char reason[FL_REASON_BYTES];
} fl_service_verdict;

/* How a handler answered, besides its code. */
typedef enum fl_service_answer {
    FL_ANSWER_CODE,  /* by its code alone */
    FL_ANSWER_RETRY, /* filch_service_job_retry */
    FL_ANSWER_FAIL   /* filch_service_job_fail */
} fl_service_answer;

/* The runner may be on another CPU, and each cache line that both threads write costs a job a tenth
 * of a microsecond and more. So the fields that an ordinary run touches are together. */
struct filch_service_job {
    fl_delivery delivery;  /* first: the broker gets its address */
    filch_message message; /* as handlers see it: the envelope opened */
    char *texts;           /* of the envelope, or NULL */
    char id[FL_ID_BYTES];  /* of the copy of a message that has none */

    /* The owner's. */
    bool is_pending;
    bool is_small;      /* its memory has the size of those in service->spare */
    fl_list link;       /* in type->waiting, or in pending, */
    fl_list lease;      /* in leased, until it is settled */
    int64_t leased_for; /* ns: the length of its lease, which may be shorter than the service's */
    fl_dead_headers dead;
    uint64_t *count; /* the field of `stats` that counts its end */

    struct fl_told *told;    /* under the lock until its function is over; NULL: nothing was told */
    filch_traceparent trace; /* zero: not made yet. Under the lock while the handler runs */

    filch_service *service;
    fl_service_type *type;
    fl_service_state state; /* under the lock */
    bool lost;              /* under the lock: its lease is lost, so it is not answered */
    bool stopped;           /* under the lock: it is to be cancelled by request */
    filch_context *context; /* under the lock until its function is over; NULL: not created */
    fl_list
        over; /* in service->ready, active or over, under the lock; on its way there the owner's */
    int64_t expected;    /* ns: its part of service->ready_time */
    int64_t ready_since; /* of filch_now */

    /* The runner's, then the owner's. */
    bool refused; /* by the breaker: the handler was not called */
    fl_service_answer answer;
    int code;
    int64_t after;
    int64_t began, duration; /* of the run, by filch_now */
    int64_t deadline;        /* of filch_now */
    filch_span *span;        /* of the run; NULL: no tracer */
    fl_service_verdict verdict;
};

struct filch_service {
    filch_service_config config; /* with the defaults filled in */
    uint32_t life;               /* runtime/platform/given.h */
    fl_service_type *types;
    unsigned type_count;
    fl_record other; /* of messages whose type is not in the table */
    const char *queue_names[FILCH_SERVICE_QUEUES];
    filch_service_queue queues[FILCH_SERVICE_QUEUES];
    filch_pool *pool;
    filch_context *context;   /* above those of all runs */
    filch_context *no_memory; /* instead of one that could not be created */
    fl_link link;
    fl_publisher publisher;
    bool made_publisher;
    fl_periodics periodics;
    fl_pulse pulse; /* the owner's */

    pthread_mutex_t lock;
    fl_waker waker;
    fl_list over, active, ready;
    unsigned ready_count;
    int64_t ready_time;   /* ns that the jobs in `ready` are expected to take */
    uint64_t runners;     /* jobs of the pool that have not left */
    unsigned over_count;  /* of `over` */
    unsigned over_enough; /* to wake the owner */
    fl_list told;         /* jobs with progress to send */
    unsigned stops;       /* calls of filch_service_stop */
    int64_t stop_until;
    bool roused; /* filch_service_stop was called since the owner last slept */
    bool has_owner;
    uint64_t begun, running, late; /* counted by runners */
    fl_broker_caps caps;           /* of the last connection; before the first, of the kind */
    filch_service_stats seen;      /* `stats`, as of the owner's last turn */
    int64_t turned_at;             /* of fl_service_now: the last turn, */
    int64_t connected_at;          /* and the last one with a connection; */
    int64_t busy_since;            /* of the connection, as of the last turn */

    /* The owner's. */
    fl_list leased;  /* jobs with a lease, the earliest end first */
    fl_list pending; /* jobs to be answered, the oldest first */
    fl_list spare;   /* memory of small jobs that is not in use */
    unsigned spare_count;
    unsigned pending_count;
    int64_t pending_since;
    int64_t settle_at;  /* not before: the broker was busy */
    int64_t receive_at; /* look again then, because the broker was busy; 0: it was not */
    int64_t extend_at;  /* the same for leases */
    int64_t stopped_at; /* of filch_now: ask for cancelled jobs then */
    int64_t note_at;    /* progress is sent then; */
    bool has_notes;     /* there was some when the owner last looked */
    fl_ahead ahead;
    size_t held_bytes;   /* of the bodies of `stats.held` messages */
    uint64_t ended;      /* jobs that are no longer held */
    unsigned in_pool;    /* jobs that are ready or running, or not yet taken from `over` */
    int64_t ready_due;   /* of filch_now: some will have waited for a runner for long */
    unsigned turn_queue; /* the next queue to receive from */
    unsigned credit[FILCH_SERVICE_QUEUES];
    bool more;        /* the last receive may have left something */
    bool returned;    /* the drain has returned what had not begun */
    bool cancelled;   /* no handler may go on */
    bool interrupted; /* some handlers were running then */
    bool gave_up;     /* answers could not be sent */
    filch_service_stats stats;
};

/* ns of the service's clock, and of Unix time. Any thread. */
int64_t fl_service_now(const filch_service *service);
int64_t fl_service_unix_time(const filch_service *service);

/* The message may be published. 0, or -EINVAL, -EMSGSIZE, explained. Any thread. */
int fl_service_check_message(const filch_service *service, const filch_message *message);
/* *message with the fields that the publisher left out, and in the envelope. id: room of FL_ID_BYTES
 * for one; *envelope: to be freed. 0, or -EINVAL, explained. Any thread. */
int fl_service_complete(const filch_service *service, filch_message *message, char *id,
                        char **envelope);

static inline filch_service_job *fl_job_of_link(fl_list *link)
{
    return FL_CONTAINER_OF(link, filch_service_job, link);
}

/* ---- Configuration ---- */

/* The configuration of a service: its checks and its defaults. */

/* 0, or -EINVAL, which names the first one that is out of range: "WHAT 'NAME': width -1 ...". Without
 * a `what`, it begins with the number's name. unit: " ns", or "". Any thread. */
int fl_ranges_check(const char *what, const char *name, const fl_range *ranges, unsigned count);
/* Bytes before the first blank or control character, which no name of a queue has. */
size_t fl_queue_name_length(const char *name);
/* Fills in service->config and the queues. 0, or -EINVAL or -ENOTSUP, explained. */
int fl_service_configure(filch_service *service, const filch_service_config *config);
/* Fills in the lease and the buffer that suit the broker. 0, or -EINVAL. */
int fl_service_configure_for(filch_service *service, const fl_broker_kind *kind);

/* ---- What probes show ---- */

/* Views of a service for its HTTP endpoints. Any thread; each takes the service's lock for a
 * moment. */

/* Is the process alive, is it of use. */
typedef struct fl_service_health {
    bool turns;    /* the owner's loop has turned within the last 30 s */
    bool is_ready; /* connected within the last 30 s, not refused for so long, and not draining */
} fl_service_health;

/* A job whose handler runs. Texts are cut. */
typedef struct fl_running {
    char id[64], type[64]; /* an empty id: none */
    const char *queue;     /* lives as long as the service */
    unsigned attempt;
    int64_t age;   /* ns since the message was published */
    int64_t since; /* ns since the run began */
} fl_running;

/* Dead letters of all kinds. */
static inline uint64_t fl_service_dead(const filch_service_stats *stats)
{
    return stats->outcomes[FILCH_SERVICE_DEAD] + stats->malformed + stats->expired + stats->poison;
}

fl_service_health fl_service_health_read(filch_service *service);
/* The running jobs that began first. Returns how many. */
size_t fl_service_running_read(filch_service *service, fl_running *out, size_t room);

#endif
