/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Why a client library did not trust the server of a broker. */
#ifndef FL_DISTRUST_H
#define FL_DISTRUST_H

#include <runtime/service/broker.h>
#include <runtime/service/tls.h>

typedef struct fl_distrust {
    const char *who;        /* of the sentence: "RabbitMQ" */
    const char *places;     /* HOST:PORT or [HOST]:PORT, with commas between them */
    const char *port;       /* of places without one */
    const char *ca;         /* as fl_tls_peer's */
    const char *ca_option;  /* the same */
    bool any_name;          /* the library does not compare names */
    fl_tls_prologue begins; /* before TLS */
} fl_distrust;

/* Explains it, and returns true, if a server of these has a certificate that is to be refused
 * (fl_tls_refusal). The owner of the connection only: it blocks. */
bool fl_distrusts(const fl_broker_host *host, const fl_distrust *of);

#endif
