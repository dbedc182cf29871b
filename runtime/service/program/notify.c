/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/notify.h>

#include <runtime/service/program/values.h>

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERY (10 * FILCH_SECOND) /* without a watchdog, for the state */

/* A path, or @NAME for a name without a file, whose first byte is NUL. */
static int set_address(fl_notify *notify, const char *name)
{
    size_t length = strlen(name);
    if ((*name != '/' && *name != '@') || length < 2 || length >= sizeof notify->to.sun_path)
        return filch_error_set(
            -EINVAL, "NOTIFY_SOCKET '%s' is not allowed (/PATH or @NAME, up to %zu bytes)",
            fl_show(name).text, sizeof notify->to.sun_path - 1);
    notify->to.sun_family = AF_UNIX;
    memcpy(notify->to.sun_path, name, length);
    if (*name == '@')
        notify->to.sun_path[0] = '\0';
    notify->to_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return 0;
}

/* The watchdog is this process's if WATCHDOG_PID is, or is not set. */
static void read_watchdog(fl_notify *notify)
{
    const char *time = secure_getenv("WATCHDOG_USEC"), *pid = secure_getenv("WATCHDOG_PID");
    uint64_t usec = time ? strtoull(time, NULL, 10) : 0;
    bool is_own = !pid || strtoimax(pid, NULL, 10) == getpid();
    notify->has_watchdog = is_own && usec && usec < (uint64_t)(FILCH_FOREVER / 1000);
    notify->every = notify->has_watchdog ? (int64_t)usec * 1000 / 2 : EVERY;
}

static int open_socket(fl_notify *notify, const char *name)
{
    int rc = set_address(notify, name);
    if (rc)
        return rc;
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return notify->fd >= 0
               ? 0
               : filch_error_set(-errno, "no socket for NOTIFY_SOCKET: %s", strerror(errno));
}

int fl_notify_begin(fl_notify *notify)
{
    static const char *const variables[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
    const char *name = secure_getenv(variables[0]);
    *notify = (fl_notify){.fd = -1};
    read_watchdog(notify);
    int rc = name && *name ? open_socket(notify, name) : 0;
    for (unsigned i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    return rc;
}

void fl_notify_end(fl_notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}

static bool tell(const fl_notify *notify, const char *text)
{
    return notify->fd >= 0 && sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL,
                                     (const struct sockaddr *)&notify->to, notify->to_size) >= 0;
}

void fl_notify_alive(fl_notify *notify, const filch_service_stats *stats)
{
    char text[256];
    snprintf(text, sizeof text, "%s%sSTATUS=%s%s; %" PRIu64 " running, %" PRIu64 " done\n",
             notify->is_ready ? "" : "READY=1\n", notify->has_watchdog ? "WATCHDOG=1\n" : "",
             stats->is_connected ? "connected" : "waiting for the broker",
             stats->is_draining ? ", draining" : "", stats->running,
             stats->outcomes[FILCH_SERVICE_DONE]);
    notify->is_ready |= tell(notify, text);
}

void fl_notify_stopping(const fl_notify *notify)
{
    tell(notify, "STOPPING=1\nSTATUS=draining\n");
}
