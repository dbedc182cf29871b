/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The brokers that the bars of services run on, each with the bare loops that it is compared with.
 * Another broker is a file bar_SERVER.c in its folder, tests/service/brokers/NAME. */
#ifndef BARS_WORKER_BROKERS_H
#define BARS_WORKER_BROKERS_H

#include "../bar.h"

bar_judge worker_rate, worker_latency, worker_return;
bar_judge worker_start, worker_memory; /* of the program filch-worker */

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

/* A bare loop whose processor time is judged. */
typedef struct worker_cpu {
    const char *bare;           /* its name; NULL: the end of the table */
    double most;                /* of the service's CPU time a job over its */
    double (*used)(void *bare); /* seconds of its own process, of the last run; NULL: of this one */
} worker_cpu;

typedef struct worker_setting {
    const char *name;
    const char *(*url)(void); /* the first call starts the server */
    long jobs;                /* of one run */
    bool is_durable;          /* its settings are those for jobs that must not be lost */
    const worker_bare *bares;
    const worker_cpu *cpus; /* NULL: none */
    bool fetches_ahead; /* its client library, far more than a service holds; `open` of a bare loop
                           then returns when the first message is there */
} worker_setting;

/* A server for fleets of processes, which can be killed and started again. */
typedef struct worker_server {
    const char *name;         /* of the broker, and behind "worker-" in that of its bar */
    const char *(*url)(void); /* the first call starts the server */
    void (*restart)(void);    /* by SIGKILL, with the same port and data. NULL: there is none */
    bool has_late_queues;     /* it accepts connections before its queues are there */
    bool is_in_memory;        /* so are its queues: `restart` cuts all connections instead */
} worker_server;

/* A run uses settings of a broker, or its server for fleets, not both. */
typedef struct worker_broker {
    worker_setting settings[3]; /* the last one has no name */
    worker_server server;
} worker_broker;

extern const worker_broker *const worker_brokers[]; /* NULL: the end */

/* Judges all settings of the brokers that the options name. */
bool worker_judge(const measure_options *options,
                  bool (*judge)(const measure_options *options, const worker_setting *setting));

/* The durable server with this name. Ends the program if there is none. */
const worker_server *worker_server_of(const char *name);

/* Ends the program: a call of a bare loop failed. */
static inline void worker_bare_die(const char *call, const char *why)
{
    fprintf(stderr, "bare loop: %s failed: %s\n", call, why ? why : "no reason given");
    exit(2);
}

#endif
