/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/net/certificate.h>

#include <filch/timer.h>
#include <runtime/service/net/socket.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MOST = 4 };
static const int64_t MOST = 2 * FILCH_SECOND;

/* ---- The sentence ---- */

static void put_date(BIO *to, const ASN1_TIME *time)
{
    struct tm parts = {0};
    ASN1_TIME_to_tm(time, &parts);
    BIO_printf(to, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

static void put_subject(BIO *to, const X509_NAME *name)
{
    X509_NAME_print_ex(to, name, 0, XN_FLAG_RFC2253);
}

/* "a.example, b.example"; its subject, if it has no such name. */
static void put_names(BIO *to, const X509 *certificate)
{
    int shown = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        if (one->type != GEN_DNS && one->type != GEN_IPADD)
            continue;
        BIO_puts(to, shown ? ", " : "");
        if (shown++ == NAMES_MOST) {
            BIO_puts(to, "...");
            break;
        }
        if (one->type == GEN_DNS)
            ASN1_STRING_print(to, one->d.ia5);
        else
            GENERAL_NAME_print(to, one);
    }
    GENERAL_NAMES_free(names);
    if (!shown)
        put_subject(to, X509_get_subject_name(certificate));
}

static void put_reason(BIO *to, const fl_certificate *c, const X509 *certificate, int verdict)
{
    switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        BIO_puts(to, " expired on ");
        put_date(to, X509_get0_notAfter(certificate));
        BIO_puts(to, "; renew it");
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        BIO_puts(to, " is not valid before ");
        put_date(to, X509_get0_notBefore(certificate));
        BIO_puts(to, "; check the clocks");
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        BIO_puts(to, " is for ");
        put_names(to, certificate);
        BIO_printf(to, ", not for %s; use one of its names, or change it", c->host);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: /* the known one has the same name and another key */
        BIO_puts(to, " is signed by an unknown authority (");
        put_subject(to, X509_get_issuer_name(certificate));
        BIO_printf(to, "); trust it by %s", c->setting);
        break;
    default:
        BIO_printf(to, " is refused: %s", X509_verify_cert_error_string(verdict));
    }
}

/* The first fault of a chain. */
static void explain(fl_certificate *c, X509_STORE_CTX *chain)
{
    const X509 *certificate = X509_STORE_CTX_get_current_cert(chain);
    BIO *to = BIO_new(BIO_s_mem());
    if (!to || !certificate) {
        BIO_free(to);
        return;
    }
    BIO_printf(to, strchr(c->host, ':') ? "certificate of [%s]:%s" : "certificate of %s:%s",
               c->host, c->port);
    if (X509_STORE_CTX_get_error_depth(chain) > 0) {
        BIO_puts(to, ": that of ");
        put_subject(to, X509_get_subject_name(certificate));
        BIO_puts(to, ", which signs it,");
    }
    put_reason(to, c, certificate, X509_STORE_CTX_get_error(chain));
    int size = BIO_read(to, c->why, sizeof c->why - 1);
    c->why[size > 0 ? size : 0] = '\0';
    BIO_free(to);
}

static int on_verdict(int accepted, X509_STORE_CTX *chain)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    fl_certificate *c = SSL_get_app_data(ssl);
    if (!accepted && !c->why[0])
        explain(c, chain);
    return accepted;
}

const char *fl_certificate_verdict(long verdict)
{
    return X509_verify_cert_error_string(verdict);
}

/* ---- Verification ---- */

static bool expect_host(SSL *ssl, const fl_certificate *c)
{
    unsigned char address[16];
    bool is_address =
        inet_pton(AF_INET, c->host, address) == 1 || inet_pton(AF_INET6, c->host, address) == 1;
    if (!is_address && SSL_set_tlsext_host_name(ssl, c->host) != 1)
        return false;
    if (c->has_any_name)
        return true;
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), c->host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, c->host) == 1;
}

bool fl_certificate_watch(fl_certificate *c, SSL *ssl)
{
    c->why[0] = '\0';
    SSL_set_app_data(ssl, c);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verdict);
    return expect_host(ssl, c);
}

/* ---- A handshake of our own ---- */

static int connect_to(const fl_certificate *c, int64_t until)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    int fd = -1;
    if (getaddrinfo(c->address ? c->address : c->host, c->port, &hints, &list))
        return -1;
    for (const struct addrinfo *at = list; at && fd < 0; at = at->ai_next)
        fd = fl_socket_connect(at->ai_addr, at->ai_addrlen, until);
    freeaddrinfo(list);
    return fd;
}

/* These few bytes have room in the socket. */
static bool send_all(int fd, const char *bytes, size_t size)
{
    return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* 0: nothing came. */
static size_t receive(int fd, char *to, size_t size, int64_t until)
{
    ssize_t got = fl_socket_wait(fd, POLLIN, until) ? 0 : recv(fd, to, size, 0);
    return got > 0 ? (size_t)got : 0;
}

static bool begin(const fl_certificate *c, int fd, int64_t until)
{
    char byte = '\0';
    if (c->request && !send_all(fd, c->request, c->request_size))
        return false;
    while (c->consent && byte != c->consent)
        if (!receive(fd, &byte, 1, until))
            return false;
    return true;
}

/* Its bytes go through memory, since a socket of OpenSSL's would raise SIGPIPE. */
static void shake(SSL *ssl, int fd, int64_t until)
{
    char bytes[4096], *out;
    for (;;) {
        int result = SSL_connect(ssl);
        long size = BIO_get_mem_data(SSL_get_wbio(ssl), &out);
        if (size > 0 && !send_all(fd, out, (size_t)size))
            return;
        (void)BIO_reset(SSL_get_wbio(ssl));
        if (result == 1 || SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ)
            return;
        size_t got = receive(fd, bytes, sizeof bytes, until);
        if (!got || BIO_write(SSL_get_rbio(ssl), bytes, (int)got) <= 0)
            return;
    }
}

static bool load(SSL_CTX *context, const char *authorities)
{
    struct stat status;
    if (!authorities)
        return SSL_CTX_set_default_verify_paths(context) == 1;
    return stat(authorities, &status) == 0 &&
           (S_ISDIR(status.st_mode) ? SSL_CTX_load_verify_dir(context, authorities)
                                    : SSL_CTX_load_verify_file(context, authorities)) == 1;
}

static void examine(fl_certificate *c, SSL_CTX *context, int fd, int64_t until)
{
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (!ssl || !in || !out) {
        BIO_free(in);
        BIO_free(out);
    } else {
        SSL_set_bio(ssl, in, out);
        BIO_set_mem_eof_return(in, -1);
        if (fl_certificate_watch(c, ssl) && begin(c, fd, until))
            shake(ssl, fd, until);
    }
    SSL_free(ssl);
}

bool fl_certificate_is_refused(fl_certificate *c)
{
    int64_t until = filch_in(MOST);
    int fd = connect_to(c, until);
    c->why[0] = '\0';
    if (fd < 0)
        return false;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context && load(context, c->authorities))
        examine(c, context, fd, until);
    SSL_CTX_free(context);
    ERR_clear_error();
    close(fd);
    return c->why[0];
}
