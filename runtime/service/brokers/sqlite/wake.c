/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqlite/sqlite.h>

#include <runtime/service/broker.h>

#include <filch/timer.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

static const int64_t LOOK_AFTER_EVENT = 10 * FILCH_MILLISECOND; /* trials: visible after 0.2-8 ms */
static const int64_t LOOK_ALWAYS = FILCH_SECOND;

int fl_sqlite_watch_file(fl_sqlite *s)
{
    char wal[4096];
    if (s->file_watch >= 0)
        return 0;
    snprintf(wal, sizeof wal, "%s-wal", s->path);
    s->file_watch = inotify_add_watch(s->inotify, wal, IN_MODIFY);
    return s->file_watch < 0 ? errno : 0;
}

void fl_sqlite_unwatch_file(fl_sqlite *s)
{
    if (s->file_watch >= 0)
        inotify_rm_watch(s->inotify, s->file_watch);
    s->file_watch = -1;
}

/* A message may have come before, so it looks once more, at once and after the time in which a commit
 * becomes visible. If the file cannot be watched, it looks again and again. */
static void begin_to_watch(fl_sqlite *s)
{
    int64_t now = fl_sqlite_now(s);
    s->looks_again = !fl_sqlite_watch_file(s);
    int64_t at = s->looks_again ? now : now + LOOK_AFTER_EVENT;
    s->look_at = at < s->look_at ? at : s->look_at;
}

unsigned fl_sqlite_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                         int64_t *until)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    if (!wants || s->inotify < 0 || !room)
        return 0;
    if (s->file_watch < 0)
        begin_to_watch(s);
    if (s->look_at < *until)
        *until = s->look_at;
    for (unsigned i = 0; i < s->queue_count; i++)
        if (s->queues[i].next_at < *until)
            *until = s->queues[i].next_at;
    fds[0] = (struct pollfd){.fd = s->inotify, .events = POLLIN};
    return s->file_watch < 0 ? 0 : 1; /* events of the last watch may still be there */
}

fl_broker_rc fl_sqlite_turn(fl_broker *broker)
{
    char events[4096];
    bool any = false;
    fl_sqlite *s = fl_sqlite_of(broker);
    int64_t now = fl_sqlite_now(s);
    while (s->file_watch >= 0 && read(s->inotify, events, sizeof events) > 0)
        any = true;
    bool is_due = s->look_at <= now;
    if (any || (is_due && s->looks_again)) {
        s->look_at = now + LOOK_AFTER_EVENT;
        s->looks_again = false;
    } else if (is_due) {
        s->look_at = now + LOOK_ALWAYS;
    }
    if (now < s->check_at)
        return FL_BROKER_OK;
    s->check_at = now + LOOK_ALWAYS;
    return fl_sqlite_check_file(s);
}
