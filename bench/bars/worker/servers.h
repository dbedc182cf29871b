/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Durable brokers whose servers can be killed and started again. Another one is one row in
 * servers.c. */
#ifndef BARS_WORKER_SERVERS_H
#define BARS_WORKER_SERVERS_H

#include <stdbool.h>

typedef struct worker_server {
    const char *name;         /* NULL: the end of the table */
    const char *(*url)(void); /* the first call starts the server */
    void (*restart)(void); /* by SIGKILL, with the same port and data; one that keeps nothing: its
                                 connections alone. NULL: there is none */
    bool has_late_queues;  /* it accepts connections before its queues are there */
} worker_server;

extern const worker_server worker_servers[];
/* Those that keep their queues in memory: `restart` cuts all connections instead. */
extern const worker_server worker_in_memory[];

/* The row of worker_servers with this name. Ends the program if there is none. */
const worker_server *worker_server_of(const char *name);

#endif
