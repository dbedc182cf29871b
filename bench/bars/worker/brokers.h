/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The brokers that the bars of services run on, each with the bare loops that it is compared with.
 * Another broker is one row of worker_settings (brokers.c), and a file bare_NAME.c. */
#ifndef BARS_WORKER_BROKERS_H
#define BARS_WORKER_BROKERS_H

#include "../measure.h"

typedef struct worker_bare worker_bare;

/* A loop that takes messages from BAR_QUEUE and acknowledges them, by the broker's client library
 * alone. The messages are those that the service would get. */
struct worker_bare {
    const char *name; /* NULL: the end of a table */
    unsigned batch;
    void *(*open)(const char *url); /* NULL: it was not built */
    void (*consume)(void *bare, const worker_bare *how, long count);
    void (*close)(void *bare);
    enum measure_bound bound; /* of the service's rate over its rate */
    double value;
};

typedef struct worker_setting {
    const char *bar; /* the name behind "worker-" */
    const char *name;
    const char *(*url)(void); /* the first call starts the server */
    long jobs;                /* of one run */
    bool is_durable;          /* its settings are those for jobs that must not be lost */
    const worker_bare *bares;
    bool fetches_ahead; /* its client library, far more than a service holds; `open` of a bare loop
                           then returns when the first message is there */
} worker_setting;

extern const worker_setting worker_settings[]; /* ends with a row without a name */

/* A bare loop whose processor time is judged. */
typedef struct worker_cpu {
    const char *bar, *bare;     /* names; NULL: the end of the table */
    double most;                /* of the service's CPU time a job over its */
    double (*used)(void *bare); /* seconds of its own process, of the last run; NULL: of this one */
} worker_cpu;

extern const worker_cpu worker_cpus[];

extern const worker_bare worker_bare_sqlite[];
extern const worker_bare worker_bare_redis[];
extern const worker_bare worker_bare_nats[];
extern const worker_bare worker_bare_service_bus[];
extern const worker_bare worker_bare_sqs[];
extern const worker_bare worker_bare_pubsub[];
extern const worker_bare worker_bare_kafka[];
extern const worker_bare worker_bare_rabbit[];
double worker_go_cpu(void *bare); /* of the last row */
extern const worker_bare worker_bare_postgres[];

/* Ends the program: a call of a bare loop failed. */
static inline void worker_bare_die(const char *call, const char *why)
{
    fprintf(stderr, "bare loop: %s failed: %s\n", call, why ? why : "no reason given");
    exit(2);
}

#endif
