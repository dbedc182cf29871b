/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/tls.h>

#include <runtime/service/net/certificate.h>

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

struct fl_redis_tls {
    int fd;
    BIO_METHOD *method;
    SSL_CTX *context;
    SSL *ssl;
    fl_certificate certificate;
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
    const fl_redis_tls *tls = BIO_get_data(bio);
    return bio_result(bio, recv(tls->fd, to, (size_t)size, 0), BIO_FLAGS_READ);
}

static int bio_write(BIO *bio, const char *from, int size)
{
    const fl_redis_tls *tls = BIO_get_data(bio);
    return bio_result(bio, send(tls->fd, from, (size_t)size, MSG_NOSIGNAL), BIO_FLAGS_WRITE);
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO *bio_of(fl_redis_tls *tls)
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

static const char *set_up(fl_redis_tls *tls, const char *ca)
{
    tls->context = SSL_CTX_new(TLS_client_method());
    if (!tls->context || !SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION))
        return "no memory for TLS";
    SSL_CTX_set_mode(tls->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (ca ? SSL_CTX_load_verify_locations(tls->context, ca, NULL) != 1
           : SSL_CTX_set_default_verify_paths(tls->context) != 1)
        return "the file of ?ca= cannot be read, or holds no certificate";
    tls->ssl = SSL_new(tls->context);
    BIO *bio = tls->ssl ? bio_of(tls) : NULL;
    if (!bio)
        return "no memory for TLS";
    SSL_set_bio(tls->ssl, bio, bio);
    return fl_certificate_watch(&tls->certificate, tls->ssl) ? NULL : "no memory for TLS";
}

fl_redis_tls *fl_redis_tls_open(int fd, const fl_redis_url *url, const char **why)
{
    fl_redis_tls *tls = calloc(1, sizeof *tls);
    *why = "no memory for TLS";
    if (!tls)
        return NULL;
    tls->fd = fd;
    tls->certificate =
        (fl_certificate){.host = url->place.host, .port = url->place.port, .setting = "?ca=FILE"};
    *why = set_up(tls, url->ca);
    if (!*why)
        return tls;
    ERR_clear_error();
    fl_redis_tls_close(tls);
    return NULL;
}

void fl_redis_tls_close(fl_redis_tls *tls)
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
static int fault_of(fl_redis_tls *tls, int result, short *events)
{
    int error = SSL_get_error(tls->ssl, result);
    *events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return -EAGAIN;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : error == SSL_ERROR_SYSCALL ? -ECONNRESET : -EPROTO;
}

int fl_redis_tls_connect(fl_redis_tls *tls, short *events, const char **why)
{
    ERR_clear_error();
    int result = SSL_connect(tls->ssl);
    if (result == 1)
        return 0;
    int fault = fault_of(tls, result, events);
    if (fault == -EAGAIN)
        return fault;
    if (tls->certificate.why[0]) {
        *why = tls->certificate.why;
        return -EPERM;
    }
    *why = ERR_reason_error_string(ERR_peek_error());
    *why = *why ? *why : "the server closed the connection";
    return -EPROTO;
}

ssize_t fl_redis_tls_read(fl_redis_tls *tls, void *to, size_t size, short *events)
{
    size_t done;
    ERR_clear_error();
    int result = SSL_read_ex(tls->ssl, to, size, &done);
    return result == 1 ? (ssize_t)done : fault_of(tls, result, events);
}

ssize_t fl_redis_tls_write(fl_redis_tls *tls, const void *from, size_t size, short *events)
{
    size_t done;
    ERR_clear_error();
    int result = SSL_write_ex(tls->ssl, from, size, &done);
    return result == 1 ? (ssize_t)done : fault_of(tls, result, events);
}
