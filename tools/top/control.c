/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE = 5000 /* ms; an answer comes within 100, if the process runs */ };

/* The kernel chooses five hexadecimal digits (unix(7)). Any other name would be one that the
 * program made up, such as that of another service. */
static bool is_chosen_by_kernel(const char *name)
{
    return strlen(name) == 5 && strspn(name, "0123456789abcdef") == 5;
}

/* Abstract: the name stands behind a NUL. */
static socklen_t address_of(const char *name, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strnlen(name, sizeof out->sun_path - 1);
    memcpy(out->sun_path + 1, name, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static bool refuse(char error[PAGE_ERROR], const char *why)
{
    snprintf(error, PAGE_ERROR, "cannot reach the program: %s (needed: the same network namespace)",
             why);
    return false;
}

/* The datagram's own address comes first: the answer goes there. */
static bool exchange(int fd, const char *name, const char *request, char answer[PAGE_ERROR])
{
    struct sockaddr_un own = {.sun_family = AF_UNIX}, to;
    struct pollfd file = {.fd = fd, .events = POLLIN};
    socklen_t size = address_of(name, &to);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&own, sizeof own.sun_family) ||
        sendto(fd, request, strlen(request), MSG_NOSIGNAL, (const struct sockaddr *)&to, size) < 0)
        return refuse(answer, strerror(errno));
    if (poll(&file, 1, PATIENCE) <= 0)
        return refuse(answer, "it does not answer");
    ssize_t n = recv(fd, answer, PAGE_ERROR - 1, 0);
    answer[n > 0 ? n : 0] = '\0';
    return n == 0;
}

bool control_send(const page_reading *reading, const char *request, char error[PAGE_ERROR])
{
    page_table rt = page_table_of(reading, "runtime");
    const char *name = page_text(&rt, 0, "control");
    if (!name || !is_chosen_by_kernel(name)) {
        snprintf(error, PAGE_ERROR,
                 "the program takes no requests (allowed: programs that were "
                 "started with FILCH_SHARE=2)");
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_done = exchange(fd, name, request, error);
    if (fd >= 0)
        close(fd);
    return is_done;
}
