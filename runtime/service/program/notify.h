/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages to the service manager that has started the program: systemd's protocol of sd_notify(3),
 * datagrams of lines VARIABLE=VALUE to the socket that $NOTIFY_SOCKET names. */
#ifndef FL_NOTIFY_H
#define FL_NOTIFY_H

#include <filch/service.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct fl_notify {
    int fd; /* -1: nothing is sent */
    struct sockaddr_un to;
    socklen_t to_size;
    bool has_watchdog;
    int64_t every; /* ns from one fl_notify_alive to the next: half of the watchdog's time */
    bool is_ready; /* fl_notify_alive's: the manager knows */
} fl_notify;

/* Reads the variables of the manager, and removes them, since they are not meant for children;
 * while the process has one thread. 0, or -EINVAL or the error of socket(), explained; then nothing
 * is left to end. */
int fl_notify_begin(fl_notify *notify);
void fl_notify_end(fl_notify *notify);
/* One thread, after each `every` while the service turns. The first call says that the service is
 * ready; all tell its state. Does not wait: a message that the manager has no room for is lost. */
void fl_notify_alive(fl_notify *notify, const filch_service_stats *stats);
/* The service has begun to drain. Any thread. */
void fl_notify_stopping(const fl_notify *notify);

#endif
