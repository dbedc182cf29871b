/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The thread of a log sink: takes lines from the ring in batches, and writes them. */
#include <runtime/metrics/log_sink.h>

#include <runtime/metrics/log.h>
#include <runtime/platform/affinity.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const int64_t FULL = 100 * FILCH_MILLISECOND, BUSY = FILCH_MILLISECOND;

/* ---- The ring; under the lock ---- */

static void ring_read(const filch_log_sink *sink, uint64_t from, void *to, size_t size)
{
    size_t at = from % sink->size, first = sink->size - at;
    if (first > size)
        first = size;
    memcpy(to, sink->ring + at, first);
    memcpy((char *)to + first, sink->ring, size - first);
}

static bool at_gap(const filch_log_sink *sink)
{
    return sink->has_gap && sink->out == sink->gap;
}

static bool has_work(const filch_log_sink *sink)
{
    return sink->out != sink->in || sink->has_gap;
}

/* Whole lines up to the gap, or the number of lines dropped there. */
static void fill(filch_log_sink *sink, fl_log_batch *to)
{
    to->lines = 0;
    to->dropped = 0;
    to->size = 0;
    if (sink->torn)
        to->text[to->size++] = '\n';
    to->begin = to->size;
    if (at_gap(sink)) {
        to->dropped = sink->stats.dropped - sink->told;
        sink->told = sink->stats.dropped;
        sink->has_gap = false;
        sink->noting = true;
    }
    while (!to->dropped && sink->out != sink->in && !at_gap(sink)) {
        uint16_t size;
        ring_read(sink, sink->out, &size, sizeof size);
        if (to->size + size > sizeof to->text)
            break;
        ring_read(sink, sink->out + sizeof size, to->text + to->size, size);
        sink->out += sizeof size + size;
        to->size += size;
        to->lines++;
    }
}

/* ---- The file ---- */

static int64_t end_of(filch_log_sink *sink)
{
    fl_lock(&sink->lock);
    int64_t until = sink->closing ? sink->until : FILCH_FOREVER;
    fl_unlock(&sink->lock);
    return until;
}

/* Until one of the files is ready, the sink closes, or the time is over. */
static void wait_for(filch_log_sink *sink, struct pollfd *files, nfds_t count, int64_t until)
{
    int64_t now = fl_now(), ns = until > now ? until - now : 0;
    struct timespec time = {ns / FILCH_SECOND, ns % FILCH_SECOND};
    eventfd_t closings;
    if (ppoll(files, count, until == FILCH_FOREVER ? NULL : &time, NULL) < 0)
        files[count - 1].revents = 0; /* a signal: none comes here; or no memory: look again */
    if (files[count - 1].revents)
        eventfd_read(sink->wake_event, &closings);
}

static void nap(filch_log_sink *sink, int64_t ns)
{
    struct pollfd file = {.fd = sink->wake_event, .events = POLLIN};
    int64_t end = end_of(sink), until = filch_in(ns);
    wait_for(sink, &file, 1, until < end ? until : end);
}

/* Waits until the file takes bytes, or has an error to tell. false: the sink's time is over. */
static bool wait_for_room(filch_log_sink *sink)
{
    for (;;) {
        struct pollfd files[] = {{.fd = sink->fd, .events = POLLOUT},
                                 {.fd = sink->wake_event, .events = POLLIN}};
        int64_t until = end_of(sink);
        if (until != FILCH_FOREVER && until <= fl_now())
            return false;
        wait_for(sink, files, 2, until);
        if (files[0].revents)
            return true;
    }
}

/* After an error of write(): is it worth another attempt? */
static bool wait_out(filch_log_sink *sink, int error)
{
    switch (error) {
    case EINTR:
        return true;
    case EAGAIN: /* another writer was quicker */
        nap(sink, BUSY);
        return true;
    case ENOSPC:
    case EDQUOT:
        nap(sink, FULL);
        return true;
    default:
        return false;
    }
}

/* Returns how many bytes the file has taken. */
static size_t write_batch(filch_log_sink *sink, const fl_log_batch *from)
{
    size_t done = 0;
    while (done < from->size && wait_for_room(sink)) {
        ssize_t n = write(sink->fd, from->text + done, from->size - done);
        if (n > 0)
            done += (size_t)n;
        else if (!wait_out(sink, n ? errno : EAGAIN))
            break;
    }
    return done;
}

/* Of a batch of which the file has taken so many bytes. */
static unsigned lines_in(const fl_log_batch *of, size_t done)
{
    unsigned lines = 0;
    for (size_t i = of->begin; i < done; i++)
        lines += of->text[i] == '\n';
    return done == of->size || lines > of->lines ? of->lines : lines;
}

/* ---- The loop ---- */

/* false: the sink closes, and nothing is left, or its time is over. */
static bool take(filch_log_sink *sink)
{
    fl_lock(&sink->lock);
    while (!has_work(sink) && !sink->closing) {
        fl_wait(&sink->lock, &sink->idle, NULL, FILCH_FOREVER);
        fl_lock(&sink->lock);
    }
    bool goes_on = has_work(sink) && !(sink->closing && sink->until <= fl_now());
    if (goes_on)
        fill(sink, &sink->batch);
    fl_unlock(&sink->lock);
    return goes_on;
}

static void note_dropped(filch_log_sink *sink, fl_log_batch *to)
{
    const filch_log_field number = filch_log_int("dropped", (int64_t)to->dropped);
    to->size += fl_log_line(to->text + to->size, &sink->keys, fl_unix_now(), FILCH_LOG_WARN,
                            "log lines dropped", &number, 1);
}

static void write_next(filch_log_sink *sink)
{
    fl_log_batch *one = &sink->batch;
    if (one->dropped)
        note_dropped(sink, one);
    size_t done = write_batch(sink, one);
    unsigned written = lines_in(one, done);
    if (done)
        sink->torn = done < one->size && one->text[done - 1] != '\n';
    fl_lock(&sink->lock);
    sink->stats.written += written;
    sink->stats.lost += one->lines - written;
    sink->stats.waiting -= one->lines;
    sink->late |= done < one->size && sink->closing;
    sink->settled = sink->out;
    sink->noting = false;
    fl_tell_all(&sink->lock, &sink->flushing, 0);
}

static void end(filch_log_sink *sink)
{
    fl_lock(&sink->lock);
    sink->late |= sink->stats.waiting > 0;
    sink->stats.lost += sink->stats.waiting;
    sink->stats.waiting = 0;
    sink->out = sink->settled = sink->in;
    sink->has_gap = false;
    sink->over = true;
    bool abandoned = sink->abandoned;
    fl_tell_all(&sink->lock, &sink->flushing, 0);
    if (abandoned)
        fl_log_sink_release(sink);
}

void *fl_log_sink_run(void *arg)
{
    filch_log_sink *sink = arg;
    fl_affinity_go_anywhere();
    pthread_setname_np(pthread_self(), "filch/log");
    while (take(sink))
        write_next(sink);
    end(sink);
    return NULL;
}
