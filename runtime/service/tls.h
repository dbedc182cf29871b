/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * TLS over a socket that does not block, by OpenSSL: version 1.2 or later, with the server's
 * certificate and name checked. And the reason for which another library refuses a server: most of
 * them keep it to themselves. */
#ifndef FL_TLS_H
#define FL_TLS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct fl_tls fl_tls;

typedef struct fl_tls_peer {
    const char *host; /* that its certificate must be for */
    bool any_name;    /* its certificate may be for any */
    const char *ca; /* file or folder of accepted authorities' certificates; NULL: the system's, or
                              those of $SSL_CERT_FILE */
    const char *ca_option; /* the user's setting of it, for sentences */
} fl_tls_peer;

/* How a server begins, before TLS: it gets `send`, and answers up to and with the byte `until`. */
typedef struct fl_tls_prologue {
    const void *send; /* NULL: nothing */
    size_t send_size;
    char until; /* 0: no answer */
} fl_tls_prologue;

enum { FL_TLS_WHY = 320 };

#ifdef FILCH_HAVE_SSL

/* NULL: no memory, or the certificates cannot be read; *why: a literal. The peer is copied, but not
 * its texts. */
fl_tls *fl_tls_open(int fd, const fl_tls_peer *peer, const char **why);
void fl_tls_close(fl_tls *tls);
/* 0: connected; -EPERM: the certificate is refused; -EPROTO: no common version, or no TLS; another
 * negative errno: of the wait, -ETIMEDOUT at `until`. *why, of the first two: a text that lives as
 * long as tls. */
int fl_tls_connect(fl_tls *tls, int64_t until, const char **why);
/* As recv and send: bytes, 0 at the end, or a negative errno; -EAGAIN: after `*events` of poll. A
 * write is repeated with the same bytes. */
ssize_t fl_tls_read(fl_tls *tls, void *to, size_t size, short *events);
ssize_t fl_tls_write(fl_tls *tls, const void *from, size_t size, short *events);
/* Why does a client refuse the server at peer->host and this port (a name or a number)? By a
 * handshake of our own, which sends nothing after it. Returns whether the reason is found; then it is
 * in `why`. Blocks for 3 s at most, apart from the search for the name. */
bool fl_tls_refusal(const fl_tls_peer *peer, const char *port, const fl_tls_prologue *prologue,
                    char why[FL_TLS_WHY]);
#else /* a build without OpenSSL opens none */
static inline fl_tls *fl_tls_open(int fd, const fl_tls_peer *peer, const char **why)
{
    (void)fd, (void)peer;
    *why = "libfilch-service is built without OpenSSL; build it with libssl-dev";
    return NULL;
}
static inline void fl_tls_close(fl_tls *tls)
{
    (void)tls;
}
static inline int fl_tls_connect(fl_tls *tls, int64_t until, const char **why)
{
    (void)tls, (void)until, (void)why;
    return -EPROTO;
}
static inline ssize_t fl_tls_read(fl_tls *tls, void *to, size_t size, short *events)
{
    (void)tls, (void)to, (void)size, (void)events;
    return -EPROTO;
}
static inline ssize_t fl_tls_write(fl_tls *tls, const void *from, size_t size, short *events)
{
    (void)tls, (void)from, (void)size, (void)events;
    return -EPROTO;
}
static inline bool fl_tls_refusal(const fl_tls_peer *peer, const char *port,
                                  const fl_tls_prologue *prologue, char why[FL_TLS_WHY])
{
    (void)peer, (void)port, (void)prologue, (void)why;
    return false;
}
#endif

#endif
