/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/tls.h>

#include <runtime/service/certificate.h>
#include <runtime/service/socket.h>

#include <filch/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct fl_tls {
    int fd;
    fl_tls_peer peer;
    BIO_METHOD *method;
    SSL_CTX *context;
    SSL *ssl;
    char why[FL_TLS_WHY]; /* the certificate is refused; "": it is not */
};

/* ---- The socket below: a plain socket BIO would raise SIGPIPE ---- */

static int bio_result(BIO *bio, ssize_t result, int retry)
{
    BIO_clear_retry_flags(bio);
    if (result < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
    return (int)result;
}

static int bio_read(BIO *bio, char *to, int size)
{
    const fl_tls *tls = BIO_get_data(bio);
    return bio_result(bio, recv(tls->fd, to, (size_t)size, 0), BIO_FLAGS_READ);
}

static int bio_write(BIO *bio, const char *from, int size)
{
    const fl_tls *tls = BIO_get_data(bio);
    return bio_result(bio, send(tls->fd, from, (size_t)size, MSG_NOSIGNAL), BIO_FLAGS_WRITE);
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO *bio_of(fl_tls *tls)
{
    tls->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "filch socket");
    if (!tls->method)
        return NULL;
    BIO_meth_set_read(tls->method, bio_read);
    BIO_meth_set_write(tls->method, bio_write);
    BIO_meth_set_ctrl(tls->method, bio_control);
    BIO *bio = BIO_new(tls->method);
    if (bio) {
        BIO_set_data(bio, tls);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* ---- Life ---- */

/* The name or address that the certificate must be for. */
static bool expect_host(SSL *ssl, const char *host)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* Keeps the reason for the first certificate that is refused. */
static int judge(int is_good, X509_STORE_CTX *chain)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    fl_tls *tls = SSL_get_app_data(ssl);
    if (!is_good)
        fl_certificate_fault(chain, &tls->peer, tls->why);
    return is_good;
}

static bool load_authorities(SSL_CTX *context, const char *ca)
{
    struct stat status;
    if (!ca)
        return SSL_CTX_set_default_verify_paths(context) == 1;
    bool is_folder = stat(ca, &status) == 0 && S_ISDIR(status.st_mode);
    return SSL_CTX_load_verify_locations(context, is_folder ? NULL : ca, is_folder ? ca : NULL) ==
           1;
}

static const char *set_up(fl_tls *tls)
{
    static const char no_memory[] = "no memory for TLS";
    const fl_tls_peer *peer = &tls->peer;
    tls->context = SSL_CTX_new(TLS_client_method());
    if (!tls->context || !SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION))
        return no_memory;
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, judge);
    SSL_CTX_set_mode(tls->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!load_authorities(tls->context, peer->ca))
        return "the file of ?ca= cannot be read, or holds no certificate";
    tls->ssl = SSL_new(tls->context);
    BIO *bio = tls->ssl ? bio_of(tls) : NULL;
    if (!bio)
        return no_memory;
    SSL_set_bio(tls->ssl, bio, bio);
    if (SSL_set_app_data(tls->ssl, tls) != 1 ||
        (!peer->any_name && !expect_host(tls->ssl, peer->host)))
        return no_memory;
    return NULL;
}

fl_tls *fl_tls_open(int fd, const fl_tls_peer *peer, const char **why)
{
    fl_tls *tls = calloc(1, sizeof *tls);
    *why = "no memory for TLS";
    if (!tls)
        return NULL;
    tls->fd = fd;
    tls->peer = *peer;
    *why = set_up(tls);
    if (!*why)
        return tls;
    ERR_clear_error();
    fl_tls_close(tls);
    return NULL;
}

void fl_tls_close(fl_tls *tls)
{
    if (!tls)
        return;
    if (tls->ssl && SSL_is_init_finished(tls->ssl))
        SSL_shutdown(tls->ssl); /* says goodbye, and does not wait */
    SSL_free(tls->ssl);
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->method);
    ERR_clear_error();
    free(tls);
}

/* ---- Use ---- */

/* The errno of a call that has failed. */
static int fault_of(fl_tls *tls, int result, short *events)
{
    int error = SSL_get_error(tls->ssl, result);
    *events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return -EAGAIN;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : error == SSL_ERROR_SYSCALL ? -ECONNRESET : -EPROTO;
}

int fl_tls_connect(fl_tls *tls, int64_t until, const char **why)
{
    for (;;) {
        short events;
        ERR_clear_error();
        int result = SSL_connect(tls->ssl);
        if (result == 1)
            return 0;
        if (fault_of(tls, result, &events) != -EAGAIN)
            break;
        int rc = fl_socket_wait(tls->fd, events, until);
        if (rc)
            return rc;
    }
    *why = tls->why;
    if (tls->why[0])
        return -EPERM;
    *why = ERR_reason_error_string(ERR_peek_error());
    *why = *why ? *why : "the server closed the connection";
    return -EPROTO;
}

ssize_t fl_tls_read(fl_tls *tls, void *to, size_t size, short *events)
{
    size_t done;
    ERR_clear_error();
    int result = SSL_read_ex(tls->ssl, to, size, &done);
    return result == 1 ? (ssize_t)done : fault_of(tls, result, events);
}

ssize_t fl_tls_write(fl_tls *tls, const void *from, size_t size, short *events)
{
    size_t done;
    ERR_clear_error();
    int result = SSL_write_ex(tls->ssl, from, size, &done);
    return result == 1 ? (ssize_t)done : fault_of(tls, result, events);
}

/* ---- Servers that another library refuses ---- */

/* Sends all of it, or reads until its last byte; a few bytes. */
static bool exchange(int fd, const fl_tls_prologue *prologue, int64_t until)
{
    char byte = 0;
    if (prologue->send &&
        send(fd, prologue->send, prologue->send_size, MSG_NOSIGNAL) != (ssize_t)prologue->send_size)
        return false;
    while (byte != prologue->until)
        if (fl_socket_wait(fd, POLLIN, until) || recv(fd, &byte, 1, 0) != 1)
            return false;
    return true;
}

static bool shake_hands(int fd, const fl_tls_peer *peer, int64_t until, char why[FL_TLS_WHY])
{
    const char *reason;
    fl_tls *tls = fl_tls_open(fd, peer, &reason);
    int rc = tls ? fl_tls_connect(tls, until, &reason) : 0;
    if (rc == -EPERM)
        memcpy(why, tls->why, FL_TLS_WHY);
    fl_tls_close(tls);
    return rc == -EPERM;
}

bool fl_tls_refusal(const fl_tls_peer *peer, const char *port, const fl_tls_prologue *prologue,
                    char why[FL_TLS_WHY])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    int64_t until = filch_in(3 * FILCH_SECOND);
    struct addrinfo *list;
    bool is_found = false, is_open = false;
    if (getaddrinfo(peer->host, port, &hints, &list))
        return false;
    for (const struct addrinfo *at = list; at && !is_open; at = at->ai_next) {
        int fd = fl_socket_connect(at->ai_addr, at->ai_addrlen, until);
        is_open = fd >= 0;
        is_found = is_open && exchange(fd, prologue, until) && shake_hands(fd, peer, until, why);
        if (is_open)
            close(fd);
    }
    freeaddrinfo(list);
    return is_found;
}
