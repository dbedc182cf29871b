/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/net/socket.h>

#include <filch/timer.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

int fl_socket_wait(int fd, short events, int64_t until)
{
    struct pollfd one = {.fd = fd, .events = events};
    for (;;) {
        int64_t left = until - filch_now();
        if (left <= 0)
            return ETIMEDOUT;
        const struct timespec span = {left / FILCH_SECOND, left % FILCH_SECOND};
        int ready = ppoll(&one, 1, &span, NULL);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return errno;
    }
}

void fl_socket_keep(int fd)
{
    static const struct {
        int level, option, value;
    } settings[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},   {IPPROTO_TCP, TCP_NODELAY, 1},
                    {IPPROTO_TCP, TCP_KEEPIDLE, 10}, {IPPROTO_TCP, TCP_KEEPINTVL, 5},
                    {IPPROTO_TCP, TCP_KEEPCNT, 2},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 20000}};
    for (unsigned i = 0; i < sizeof settings / sizeof *settings; i++)
        setsockopt(fd, settings[i].level, settings[i].option, &settings[i].value, sizeof(int));
}

int fl_socket_connect(const struct sockaddr *to, socklen_t size, int64_t until)
{
    int error = 0;
    socklen_t length = sizeof error;
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    fl_socket_keep(fd);
    if (connect(fd, to, size))
        error = errno;
    if (error == EINPROGRESS) {
        error = fl_socket_wait(fd, POLLOUT, until);
        if (!error && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length))
            error = errno;
    }
    if (!error)
        return fd;
    close(fd);
    return -error;
}
