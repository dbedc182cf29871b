/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A client of a TLS server, for test_tls_clients. The folder of each broker with TLS has a file
 * tls_client.c, which defines tls_client_NAME. */
#ifndef SERVICE_TLS_CLIENT_H
#define SERVICE_TLS_CLIENT_H

#include <runtime/service/modules.h>

#define TLS_HTTP_ANSWER "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

typedef struct tls_client {
    const char *url; /* a format of a port and a file of authorities; NULL: not in this build */
    const fl_broker_kind *kind;
    void (*try)(int port); /* of a client without kind: talks to localhost:port */
    void (*prepare)(void); /* NULL: nothing */
    int64_t call_timeout;  /* 0: the default */
    /* How its server begins, and answers (tls_server.h). */
    const char *greeting, *consent, *answer;
    size_t request;
} tls_client;

#endif
