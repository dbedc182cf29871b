/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reading, writing and accepting: the system calls' behaviour, except for the wait. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { MS = 1000000, BYTES = 1 << 20 };

static void make_pair(int ends[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

/* ---- A stream that is longer than any buffer ---- */

FILCH_TASK(int, write_all, (int, fd))
{
    char block[5000];
    for (size_t sent = 0; sent < BYTES;) {
        size_t size = BYTES - sent < sizeof block ? BYTES - sent : sizeof block;
        for (size_t i = 0; i < size; i++)
            block[i] = (char)((sent + i) % 251);
        ssize_t n = filch_write(fd, block, size, FILCH_FOREVER);
        if (n <= 0)
            return 1;
        sent += (size_t)n;
    }
    return filch_fd_close(fd);
}

FILCH_TASK(int, read_all, (int, fd))
{
    char block[3000];
    size_t got = 0;
    for (ssize_t n; (n = filch_read(fd, block, sizeof block, FILCH_FOREVER)) != 0;) {
        if (n < 0)
            return 2;
        for (ssize_t i = 0; i < n; i++, got++)
            if (block[i] != (char)(got % 251))
                return 3;
    }
    return got == BYTES ? 0 : 4;
}

FILCH_TASK(int, write_and_read, (const int *, ends))
{
    FILCH_FORK(write_all, ends[0]);
    int reader = read_all(self, ends[1]);
    FILCH_JOIN(int writer, write_all);
    return reader + 10 * writer;
}

Test(io, stream_arrives_whole_and_in_order)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        int ends[2];
        make_pair(ends);
        cr_assert_eq(FILCH_RUN(rt, write_and_read, ends), 0);
        close(ends[1]);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Connections ---- */

static int listen_somewhere(struct sockaddr_in *address)
{
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(bind(server, (struct sockaddr *)address, sizeof *address), 0);
    cr_assert_eq(listen(server, 8), 0);
    cr_assert_eq(getsockname(server, (struct sockaddr *)address, &size), 0);
    return server;
}

FILCH_TASK(int, serve_one, (int, server))
{
    char byte = 0;
    int guest = filch_accept(server, FILCH_FOREVER);
    if (guest < 0 || !(fcntl(guest, F_GETFL) & O_NONBLOCK))
        return 1;
    if (filch_read(guest, &byte, 1, FILCH_FOREVER) != 1)
        return 2;
    byte++;
    return filch_write(guest, &byte, 1, FILCH_FOREVER) != 1 || filch_fd_close(guest);
}

FILCH_TASK(int, visit, (int, guest))
{
    char byte = 'a';
    if (filch_write(guest, &byte, 1, FILCH_FOREVER) != 1 ||
        filch_read(guest, &byte, 1, FILCH_FOREVER) != 1 || byte != 'b')
        return 10;
    return filch_read(guest, &byte, 1, FILCH_FOREVER) ? 20 : 0; /* the end */
}

FILCH_TASK(int, serve_and_visit, (int, server), (int, guest))
{
    FILCH_FORK(serve_one, server);
    int rc = visit(self, guest);
    FILCH_JOIN(int other, serve_one);
    return rc + other;
}

Test(io, a_guest_is_served)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        struct sockaddr_in address;
        int server = listen_somewhere(&address);
        int guest = socket(AF_INET, SOCK_STREAM, 0);
        cr_assert_eq(filch_accept(server, filch_in(MS)), -ETIMEDOUT);
        cr_assert_eq(connect(guest, (struct sockaddr *)&address, sizeof address), 0);
        cr_assert_eq(fcntl(guest, F_SETFL, O_NONBLOCK), 0);
        cr_assert_eq(FILCH_RUN(rt, serve_and_visit, server, guest), 0);
        close(guest);
        close(server);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Errors ---- */

Test(io, deadlines_and_errors_are_returned)
{
    int ends[2];
    char byte = 'x';
    make_pair(ends);
    cr_assert_eq(filch_read(ends[0], &byte, 1, 0), -ETIMEDOUT);
    cr_assert_eq(filch_read(ends[0], &byte, 1, filch_in(MS)), -ETIMEDOUT);
    cr_assert_eq(filch_read(ends[0], &byte, 1, -1), -EINVAL);
    cr_assert_eq(filch_read(-1, &byte, 1, FILCH_FOREVER), -EBADF);
    cr_assert_not_null(strstr(filch_error(), "file -1"));
    cr_assert_eq(filch_accept(ends[0], FILCH_FOREVER), -EINVAL, "it does not listen");
    close(ends[0]);
    close(ends[1]);
}
