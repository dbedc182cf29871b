/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <tests/support/system.h>

int port_listen(int guests, int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) || listen(fd, guests) ||
        getsockname(fd, (struct sockaddr *)&at, &size)) {
        perror("no port on 127.0.0.1");
        abort();
    }
    *port = ntohs(at.sin_port);
    return fd;
}

int port_free(void)
{
    int port;
    close(port_listen(1, &port));
    return port;
}
