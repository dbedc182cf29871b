/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads of a bar that take what a service reports: a collector of spans that counts them, and a
 * reader of its log. Neither keeps anything. */
#ifndef BARS_WORKER_COLLECTOR_H
#define BARS_WORKER_COLLECTOR_H

#include <filch/atomic.h>

typedef struct collector {
    int listener, port; /* of the spans */
    int log;            /* the end of a pipe to read from */
    filch_u64 spans, lines;
} collector;

/* Before the service's process is made: the port, and the end of the pipe that it writes to. */
int collector_open(collector *c);
/* After that. The threads live until the program ends. */
void collector_start(collector *c);

#endif
