/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A server that only speaks TLS: a process that forks one for each connection, which begins it as the
 * server of a protocol would, shakes hands, waits for the first bytes, and answers them. It
 * ends with the process that has started it. Counts in shared memory tell clients that trust it,
 * which tell it something, from others. (The handshake does not: some clients verify behind it.) */
#ifndef SERVICE_TLS_SERVER_H
#define SERVICE_TLS_SERVER_H

#include <filch/atomic.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tests/service/certificates.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <unistd.h>

typedef struct tls_server {
    const certificate *certificate;
    int newest;           /* version of TLS */
    const char *greeting; /* sent in plain text; NULL: none */
    size_t request;       /* bytes that the client sends in plain text */
    const char *consent;  /* sent after them */
    const char *answer;   /* to the first bytes inside TLS; NULL: the end */
    int port;
    pid_t pid;
    filch_u32 *met;  /* connections that were accepted, shared */
    filch_u32 *told; /* those of them that sent something inside TLS */
} tls_server;

/* ---- In its process ---- */

static inline void tls_greet(const tls_server *server, int guest)
{
    char request[256];
    if (server->greeting)
        send(guest, server->greeting, strlen(server->greeting), MSG_NOSIGNAL);
    if (!server->request)
        return;
    recv(guest, request, server->request, MSG_WAITALL);
    send(guest, server->consent, strlen(server->consent), MSG_NOSIGNAL);
}

static inline void tls_answer(const tls_server *server, SSL *ssl)
{
    char request[4096];
    if (SSL_read(ssl, request, sizeof request) <= 0)
        return;
    filch_u32_add(server->told, 1, FILCH_ACQ_REL);
    if (!server->answer)
        return;
    SSL_write(ssl, server->answer, (int)strlen(server->answer));
    SSL_shutdown(ssl);
    SSL_read(ssl, request, sizeof request); /* until it has read */
}

static inline void tls_receive(const tls_server *server, SSL_CTX *context, int guest)
{
    SSL *ssl = SSL_new(context);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tls_greet(server, guest);
    SSL_set_fd(ssl, guest);
    if (SSL_accept(ssl) == 1)
        tls_answer(server, ssl);
    SSL_free(ssl);
    close(guest);
}

static inline void tls_serve(const tls_server *server, SSL_CTX *context, int listener)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int guest = accept(listener, NULL, NULL);
        filch_u32_add(server->met, 1, FILCH_ACQ_REL);
        if (fork() == 0) {
            tls_receive(server, context, guest);
            _exit(0);
        }
        close(guest);
    }
}

static inline SSL_CTX *tls_context(const tls_server *server)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    cr_assert(context && SSL_CTX_use_certificate(context, server->certificate->x509) == 1 &&
              SSL_CTX_use_PrivateKey(context, server->certificate->key) == 1);
    SSL_CTX_set_security_level(context, 0); /* else it could not speak old versions */
    SSL_CTX_set_cipher_list(context, "ALL");
    cr_assert(SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1 &&
              SSL_CTX_set_max_proto_version(context, server->newest) == 1);
    return context;
}

/* ---- In the test ---- */

static inline void tls_start(tls_server *server)
{
    SSL_CTX *context = tls_context(server);
    int listener = port_listen(8, &server->port);
    server->met = mmap(NULL, 2 * sizeof *server->met, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq((void *)server->met, MAP_FAILED);
    server->told = server->met + 1;
    pid_t parent = getpid();
    server->pid = fork();
    cr_assert_geq(server->pid, 0);
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        if (getppid() == parent)
            tls_serve(server, context, listener);
        _exit(1);
    }
    close(listener);
    SSL_CTX_free(context);
}

static inline void tls_end(tls_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    munmap((void *)server->met, 2 * sizeof *server->met);
}

#endif
