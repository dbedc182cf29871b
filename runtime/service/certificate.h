/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sentences on certificates that are refused: what is wrong, and what to do. */
#ifndef FL_CERTIFICATE_H
#define FL_CERTIFICATE_H

#include <openssl/x509_vfy.h>
#include <runtime/service/tls.h>

/* Of a chain whose verification has just failed, in its callback. */
void fl_certificate_fault(X509_STORE_CTX *chain, const fl_tls_peer *peer, char why[FL_TLS_WHY]);

#endif
