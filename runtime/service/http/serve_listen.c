/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/http/serve_listen.h>

#include <filch/runtime.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT_MOST = 65535 };

typedef union any_address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
} any_address;

/* The size; 0: it does not parse. */
static socklen_t parse(any_address *out, const char *text, unsigned port)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &out->four.sin_addr) == 1) {
        out->four.sin_family = AF_INET;
        out->four.sin_port = htons((uint16_t)port);
        return sizeof out->four;
    }
    if (inet_pton(AF_INET6, text, &out->six.sin6_addr) != 1)
        return 0;
    out->six.sin6_family = AF_INET6;
    out->six.sin6_port = htons((uint16_t)port);
    return sizeof out->six;
}

static bool is_loopback(const any_address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohl(address->four.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&address->six.sin6_addr);
}

static unsigned port_of(int fd)
{
    any_address bound;
    socklen_t size = sizeof bound;
    if (getsockname(fd, &bound.any, &size))
        return 0;
    return ntohs(bound.any.sa_family == AF_INET ? bound.four.sin_port : bound.six.sin6_port);
}

static int fail(const char *address, unsigned port, int fd)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    return filch_error_set(-error, "cannot listen on %s port %u: %s; %s", address, port,
                           strerror(error),
                           error == EADDRINUSE
                               ? "end the process that has the port, or choose another"
                               : "choose another address or port");
}

int fl_listen(fl_listener *out, const char *address, unsigned port)
{
    any_address at;
    int one = 1;
    socklen_t size = port <= PORT_MOST ? parse(&at, address, port) : 0;
    if (!size)
        return filch_error_set(-EINVAL,
                               "cannot listen on address '%s' port %u (valid: an IPv4 or IPv6 "
                               "address in digits, port 0..%d)",
                               address, port, PORT_MOST);
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(address, port, fd);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, &at.any, size) || listen(fd, SOMAXCONN))
        return fail(address, port, fd);
    *out = (fl_listener){.fd = fd, .port = port_of(fd), .is_loopback = is_loopback(&at)};
    return 0;
}
