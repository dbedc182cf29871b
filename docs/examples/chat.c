/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A chat server on a loopback socket, and some guests who talk to it, all in one process: each line of a guest is sent to
 * everybody, itself included. Each connection has a task that reads and one that writes; a task waits for its socket, not a
 * thread. Prints how many lines were heard, and by how many guests; each must have heard all of them.
 *
 *   cc -O2 chat.c $(pkg-config --cflags --libs filch) -o chat
 *   ./chat [GUESTS [LINES]] */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE = 32, ROOM = 16 };

typedef struct line {
    char text[LINE]; /* each line is so long: a read returns whole lines */
} line;

/* A guest as the server sees it. */
typedef struct seat {
    struct chat *chat;
    int fd;
    filch_channel *outbox; /* of line */
} seat;

typedef struct chat {
    int listener, guests, lines;
    struct sockaddr_in address;
    filch_channel *said;      /* of line: from all guests */
    filch_barrier everybody;  /* nobody speaks before all are there */
    filch_waitgroup speaking; /* seats that may still say something */
    seat *seats;
} chat;

/* ---- Sockets ---- */

/* Reads or writes the whole line. false at the end of the connection. A guest that is gone breaks its pipe: SIGPIPE is
 * ignored. */
static bool transfer(int fd, line *one, bool out)
{
    for (size_t done = 0; done < LINE;) {
        ssize_t n = out ? filch_write(fd, one->text + done, LINE - done, FILCH_FOREVER)
                        : filch_read(fd, one->text + done, LINE - done, FILCH_FOREVER);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static int stream(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* ---- The server ---- */

static int hear(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    seat *s = arg;
    for (line one; transfer(s->fd, &one, false);)
        filch_channel_send(s->chat->said, &one);
    filch_waitgroup_done(&s->chat->speaking);
    return 0;
}

static int tell(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    seat *s = arg;
    FILCH_EACH(line, one, s->outbox)
    {
        transfer(s->fd, &one, true);
    }
    return filch_fd_close(s->fd);
}

static int pass_round(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    chat *c = arg;
    FILCH_EACH(line, one, c->said)
    {
        for (int i = 0; i < c->guests; i++)
            filch_channel_send(c->seats[i].outbox, &one);
    }
    for (int i = 0; i < c->guests; i++)
        filch_channel_close(c->seats[i].outbox);
    return 0;
}

static int serve(filch_self self, filch_scope *scope, void *arg)
{
    (void)self;
    chat *c = arg;
    for (int i = 0; i < c->guests; i++) {
        seat *s = &c->seats[i];
        s->chat = c;
        s->fd = filch_accept(c->listener, FILCH_FOREVER);
        if (s->fd < 0)
            errx(1, "%s", filch_error());
        if (filch_channel_create(&s->outbox, sizeof(line), ROOM) || FILCH_SPAWN(scope, hear, s) ||
            FILCH_SPAWN(scope, tell, s))
            errx(1, "%s", filch_error());
    }
    FILCH_SPAWN(scope, pass_round, c);
    filch_barrier_wait(&c->everybody, FILCH_FOREVER);
    filch_waitgroup_wait(&c->speaking);
    return filch_channel_close(c->said);
}

/* ---- A guest ---- */

typedef struct guest {
    chat *chat;
    int number, fd;
    long heard;
} guest;

static int listen_on(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    guest *g = arg;
    for (line one; transfer(g->fd, &one, false);)
        g->heard++;
    return filch_fd_close(g->fd);
}

static int speak(filch_self self, filch_scope *scope, void *arg)
{
    (void)self;
    guest *g = arg;
    g->fd = stream();
    if (connect(g->fd, (struct sockaddr *)&g->chat->address, sizeof g->chat->address) &&
        (errno != EINPROGRESS || filch_wait_fd(g->fd, POLLOUT, FILCH_FOREVER) < 0))
        err(1, "connect");
    FILCH_SPAWN(scope, listen_on, g);
    filch_barrier_wait(&g->chat->everybody, FILCH_FOREVER);
    for (int i = 0; i < g->chat->lines; i++) {
        line one = {{0}};
        snprintf(one.text, sizeof one.text, "guest %d, line %d", g->number, i);
        transfer(g->fd, &one, true);
    }
    return shutdown(g->fd, SHUT_WR) ? -errno : 0;
}

static void open_listener(chat *c)
{
    socklen_t size = sizeof c->address;
    c->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    c->listener = stream();
    if (c->listener < 0 || bind(c->listener, (struct sockaddr *)&c->address, size) ||
        getsockname(c->listener, (struct sockaddr *)&c->address, &size) ||
        listen(c->listener, c->guests))
        err(1, "listen");
}

int main(int argc, char **argv)
{
    filch_runtime *rt;
    filch_scope scope;
    chat c = {.guests = argc > 1 ? atoi(argv[1]) : 20, .lines = argc > 2 ? atoi(argv[2]) : 50};
    guest *guests = calloc((size_t)c.guests, sizeof *guests);
    c.seats = calloc((size_t)c.guests, sizeof *c.seats);
    if (!guests || !c.seats)
        err(1, NULL);
    signal(SIGPIPE, SIG_IGN);
    open_listener(&c);
    if (filch_runtime_create(&rt, NULL) || filch_channel_create(&c.said, sizeof(line), ROOM) ||
        filch_barrier_init(&c.everybody, (unsigned)c.guests + 1) ||
        filch_scope_begin(&scope, rt, NULL))
        errx(1, "%s", filch_error());
    filch_waitgroup_add(&c.speaking, (unsigned)c.guests);
    FILCH_SPAWN(&scope, serve, &c);
    for (int i = 0; i < c.guests; i++) {
        guests[i] = (guest){&c, i, -1, 0};
        FILCH_SPAWN(&scope, speak, &guests[i]);
    }
    if (filch_scope_end(&scope))
        errx(1, "%s", filch_scope_failure(&scope)->message);
    long all = 0, complete = 0;
    for (int i = 0; i < c.guests; i++) {
        all += guests[i].heard;
        complete += guests[i].heard == (long)c.guests * c.lines;
        filch_channel_destroy(c.seats[i].outbox);
    }
    printf("%ld lines heard; %ld of %d guests heard all\n", all, complete, c.guests);
    filch_channel_destroy(c.said);
    filch_fd_close(c.listener);
    free(c.seats);
    free(guests);
    return filch_runtime_destroy(rt);
}
