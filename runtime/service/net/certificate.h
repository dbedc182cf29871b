/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Why the certificate of a server is refused, in a sentence. Most client libraries keep only the fact. So
 * after a refused handshake we make another one, to the same server, and read its verdict. */
#ifndef FL_CERTIFICATE_H
#define FL_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

enum { FL_CERTIFICATE_WHY = 384 };

/* The texts belong to the caller. */
typedef struct fl_certificate {
    const char *host, *port; /* the name that the certificate must have */
    const char *address;     /* connected to; NULL: host */
    const char *authorities; /* file or folder of certificates; NULL: the system's */
    const char *setting;     /* for the remedy: it names such a file */
    bool has_any_name;       /* the client does not compare it */
    const char *request;     /* sent in plain text before TLS; NULL: none */
    size_t request_size;
    char consent; /* the last byte that the server sends in plain text; '\0': it sends none */
    char why[FL_CERTIFICATE_WHY]; /* the fault and its remedy; "": none */
} fl_certificate;

#ifdef FILCH_HAVE_SSL

#include <openssl/types.h>

/* Asks for certificates of the host, and sets `why` when the handshake of ssl refuses one. The texts are
 * needed until ssl is freed. false: no memory. */
bool fl_certificate_watch(fl_certificate *c, SSL *ssl);
/* Makes a handshake, for at most 2 s. true: the certificate is refused, see `why`. false: it is
 * accepted, or there was none to see. */
bool fl_certificate_is_refused(fl_certificate *c);
/* A verdict of OpenSSL in its own words. */
const char *fl_certificate_verdict(long verdict);

#else /* a build without OpenSSL does not find out */
static inline bool fl_certificate_is_refused(fl_certificate *c)
{
    c->why[0] = '\0';
    return false;
}
static inline const char *fl_certificate_verdict(long verdict)
{
    (void)verdict;
    return "certificate refused";
}
#endif

#endif
