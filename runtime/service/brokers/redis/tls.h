/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * TLS over a socket that does not block, by OpenSSL: version 1.2 or later, with the server's
 * certificate and name checked. */
#ifndef FL_REDIS_TLS_H
#define FL_REDIS_TLS_H

#include <runtime/service/brokers/redis/url.h>

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct fl_redis_tls fl_redis_tls;

#ifdef FILCH_HAVE_SSL

/* NULL: no memory, or the file of certificates cannot be read; *why: a literal. The URL is needed until
 * it is closed. */
fl_redis_tls *fl_redis_tls_open(int fd, const fl_redis_url *url, const char **why);
void fl_redis_tls_close(fl_redis_tls *tls);
/* 0: connected; -EAGAIN: call it again after `*events` of poll; -EPERM: the certificate is refused;
 * -EPROTO. *why: a text that lives as long as tls. */
int fl_redis_tls_connect(fl_redis_tls *tls, short *events, const char **why);
/* As recv and send: bytes, 0 at the end, or a negative errno; -EAGAIN: after `*events`. A write is
 * repeated with the same bytes. */
ssize_t fl_redis_tls_read(fl_redis_tls *tls, void *to, size_t size, short *events);
ssize_t fl_redis_tls_write(fl_redis_tls *tls, const void *from, size_t size, short *events);
#else /* a build without OpenSSL opens none */
static inline fl_redis_tls *fl_redis_tls_open(int fd, const fl_redis_url *url, const char **why)
{
    (void)fd, (void)url;
    *why = "libfilch-service is built without OpenSSL; build it with libssl-dev";
    return NULL;
}
static inline void fl_redis_tls_close(fl_redis_tls *tls)
{
    (void)tls;
}
static inline int fl_redis_tls_connect(fl_redis_tls *tls, short *events, const char **why)
{
    (void)tls, (void)events, (void)why;
    return -EPROTO;
}
static inline ssize_t fl_redis_tls_read(fl_redis_tls *tls, void *to, size_t size, short *events)
{
    (void)tls, (void)to, (void)size, (void)events;
    return -EPROTO;
}
static inline ssize_t fl_redis_tls_write(fl_redis_tls *tls, const void *from, size_t size,
                                         short *events)
{
    (void)tls, (void)from, (void)size, (void)events;
    return -EPROTO;
}
#endif

#endif
