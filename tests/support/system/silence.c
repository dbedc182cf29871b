/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static int tcp_value(int fd, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    cr_assert_eq(getsockopt(fd, IPPROTO_TCP, option, &value, &size), 0);
    return value;
}

static bool is_connected_to(int fd, int port)
{
    struct sockaddr_in peer = {0};
    socklen_t size = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
           ntohs(peer.sin_port) == port;
}

void connections_find_silence(int port)
{
    unsigned count = 0;
    for (int fd = 0; fd < SILENCE_FDS; fd++) {
        int probes = 0, after;
        socklen_t size = sizeof probes;
        if (!is_connected_to(fd, port))
            continue;
        count++;
        cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &probes, &size), 0);
        cr_assert(probes);
        after =
            tcp_value(fd, TCP_KEEPIDLE) + tcp_value(fd, TCP_KEEPINTVL) * tcp_value(fd, TCP_KEEPCNT);
        cr_assert_leq(after, SILENCE_MOST);
        after = tcp_value(fd, TCP_USER_TIMEOUT);
        cr_assert(after > 0 && after <= SILENCE_MOST * 1000, "%d ms", after);
    }
    cr_assert_gt(count, 0);
}
