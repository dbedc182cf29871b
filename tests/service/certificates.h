/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Certificates of a test, made by libcrypto, with keys of elliptic curves: quick. */
#ifndef SERVICE_CERTIFICATES_H
#define SERVICE_CERTIFICATES_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <tests/support/test.h>

typedef struct certificate {
    X509 *x509;
    EVP_PKEY *key;
} certificate;

static inline void certificate_extend(X509 *to, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, to, to, NULL, NULL, 0);
    X509_EXTENSION *one = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    cr_assert(one && X509_add_ext(to, one, -1));
    X509_EXTENSION_free(one);
}

/* One of this subject, which ends in so many seconds. by: its authority; NULL: it is an authority. */
static inline certificate certificate_make(const char *subject, const char *names, long ends,
                                           const certificate *by)
{
    enum { DAY = 24 * 60 * 60, V3 = 2 };
    static long last_serial;
    certificate one = {X509_new(), EVP_EC_gen("P-256")};
    cr_assert(one.x509 && one.key);
    X509_NAME *name = X509_get_subject_name(one.x509);
    X509_set_version(one.x509, V3);
    ASN1_INTEGER_set(X509_get_serialNumber(one.x509), ++last_serial);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
    X509_set_issuer_name(one.x509, by ? X509_get_subject_name(by->x509) : name);
    X509_gmtime_adj(X509_getm_notBefore(one.x509), -2L * DAY);
    X509_gmtime_adj(X509_getm_notAfter(one.x509), ends);
    X509_set_pubkey(one.x509, one.key);
    certificate_extend(one.x509, NID_basic_constraints, by ? "CA:FALSE" : "critical,CA:TRUE");
    if (names)
        certificate_extend(one.x509, NID_subject_alt_name, names);
    cr_assert(X509_sign(one.x509, by ? by->key : one.key, EVP_sha256()));
    return one;
}

static inline void certificate_write(const certificate *one, const char *path)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && PEM_write_X509(file, one->x509) && fclose(file) == 0, "%s", path);
}

static inline void certificate_free(certificate *one)
{
    X509_free(one->x509);
    EVP_PKEY_free(one->key);
}

#endif
