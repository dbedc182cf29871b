/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A log sink's life, and the side of its ring where lines come in. */
#include <runtime/metrics/log_sink.h>

#include <runtime/metrics/log.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/config_ranges.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/own_thread.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/platform/time_sum.h>
#include <runtime/platform/uncancelled.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const int64_t GRACE = 100 * FILCH_MILLISECOND; /* behind the deadline of the end */

/* ---- Life ---- */

void fl_log_sink_release(filch_log_sink *sink)
{
    close(sink->wake_event);
    fl_life_end(&sink->life);
    free(sink);
}

static const fl_field fields[] = {
    FL_NUMBER_FIELD(filch_log_sink_config, size, 256 << 10, 8 << 10, 1 << 30),
};

static int start(filch_log_sink *sink)
{
    sink->wake_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sink->wake_event < 0)
        return fl_fail(errno,
                       "no file for the wake-ups of a log sink: %s; raise the limit of open "
                       "files",
                       strerror(errno));
    int rc = fl_own_thread_start(&sink->thread, fl_log_sink_run, sink);
    if (!rc)
        return 0;
    close(sink->wake_event);
    return fl_fail(rc,
                   "no thread for a log sink: %s; raise the limit of threads, or free some "
                   "memory",
                   strerror(rc));
}

/* The library's warnings become lines like the program's own. */
static bool take_warning(fl_warning_outlet *outlet, const char *text);

int filch_log_sink_create(filch_log_sink **out, int fd, const filch_log_sink_config *config)
{
    FL_GIVEN(out);
    filch_log_sink_config whole = config ? *config : (filch_log_sink_config){0};
    if (fd < 0)
        return fl_fail(EINVAL, "filch_log_sink_create with file %d; give it an open file", fd);
    int rc = fl_fields_complete(&whole, fields, sizeof fields / sizeof *fields, "a log sink");
    if (!rc)
        rc = fl_log_keys_complete(&whole.keys, &whole.keys);
    if (!rc)
        rc = fl_fork_prepare();
    if (rc)
        return rc;
    filch_log_sink *sink = malloc(sizeof *sink + whole.size);
    if (!sink)
        return fl_fail(ENOMEM, "no memory for a log sink of %zu bytes; give it less", whole.size);
    *sink = (filch_log_sink){.outlet.take = take_warning,
                             .fd = fd,
                             .fork_generation = fl_fork_generation(),
                             .keys = whole.keys,
                             .size = whole.size};
    rc = start(sink);
    if (rc) {
        free(sink);
        return rc;
    }
    fl_warning_outlet_add(&sink->outlet);
    fl_life_begin(&sink->life);
    *out = sink;
    return 0;
}

static bool is_forked(const filch_log_sink *sink)
{
    return sink->fork_generation != fl_fork_generation();
}

static int refuse_forked(void)
{
    return fl_fail(ECHILD, "this log sink belongs to the parent process, and its thread does not "
                           "run here; create one in the child");
}

/* Returns when its thread is at its end, or leaves the sink to it: false. */
static bool wait_for_end(filch_log_sink *sink, int64_t until)
{
    int rc = 0;
    fl_lock(&sink->lock);
    while (!sink->over && !rc) {
        fl_waits_in("filch_log_sink_destroy", sink);
        rc = fl_wait(&sink->lock, &sink->flushing, NULL, until);
        fl_lock(&sink->lock);
    }
    bool over = sink->over;
    sink->abandoned = !over;
    fl_unlock(&sink->lock);
    return over;
}

static void close_sink(filch_log_sink *sink, int64_t until)
{
    fl_lock(&sink->lock);
    sink->closing = true;
    sink->until = until;
    fl_tell_one(&sink->lock, &sink->idle, 0);
    int was = fl_cancel_hold();
    eventfd_write(sink->wake_event, 1);
    fl_cancel_release(was);
}

int filch_log_sink_destroy(filch_log_sink *sink, int64_t until)
{
    FL_MAY_LIVE(sink);
    if (!sink)
        return 0;
    fl_warning_outlet_remove(&sink->outlet);
    if (is_forked(sink)) {
        fl_log_sink_release(sink);
        return refuse_forked();
    }
    pthread_t thread = sink->thread;
    int64_t now = fl_now();
    close_sink(sink, until);
    if (!wait_for_end(sink, fl_later(until > now ? until : now, GRACE))) {
        pthread_detach(thread);
        return fl_plainly(-ETIMEDOUT);
    }
    int was = fl_cancel_hold();
    pthread_join(thread, NULL);
    fl_cancel_release(was);
    bool late = sink->late;
    fl_log_sink_release(sink);
    return late ? fl_plainly(-ETIMEDOUT) : 0;
}

/* ---- Lines ---- */

static void ring_put(filch_log_sink *sink, const void *from, size_t size)
{
    size_t at = sink->in % sink->size, first = sink->size - at;
    if (first > size)
        first = size;
    memcpy(sink->ring + at, from, first);
    memcpy(sink->ring, (const char *)from + first, size - first);
    sink->in += size;
}

static void drop(filch_log_sink *sink)
{
    sink->stats.dropped++;
    if (!sink->has_gap && !sink->closing) {
        sink->has_gap = true;
        sink->gap = sink->in;
    }
}

void filch_log_to_sink(const char *line, size_t size, void *arg)
{
    filch_log_sink *sink = arg;
    uint16_t stored = (uint16_t)size;
    if (is_forked(sink) || !size)
        return;
    fl_lock(&sink->lock);
    if (!sink->closing && size <= FILCH_LOG_LINE &&
        sizeof stored + size <= sink->size - (sink->in - sink->out)) {
        ring_put(sink, &stored, sizeof stored);
        ring_put(sink, line, size);
        sink->stats.waiting++;
    } else {
        drop(sink);
    }
    fl_tell_one(&sink->lock, &sink->idle, 0);
}

/* All that was there when `in` was `mark`. Under the lock. */
static bool is_settled(const filch_log_sink *sink, uint64_t mark)
{
    return sink->settled >= mark && !sink->noting && !(sink->has_gap && sink->gap <= mark);
}

static bool take_warning(fl_warning_outlet *outlet, const char *text)
{
    filch_log_sink *sink = (filch_log_sink *)outlet;
    char line[FILCH_LOG_LINE];
    if (is_forked(sink))
        return false;
    size_t size = fl_log_line(line, &sink->keys, fl_unix_now(), FILCH_LOG_WARN, text, NULL, 0);
    filch_log_to_sink(line, size, sink);
    return true;
}

int filch_log_sink_flush(filch_log_sink *sink, int64_t until)
{
    FL_ALIVE(sink);
    if (is_forked(sink))
        return refuse_forked();
    int rc = 0;
    fl_lock(&sink->lock);
    uint64_t mark = sink->in;
    while (!is_settled(sink, mark) && !rc) {
        fl_waits_in("filch_log_sink_flush", sink);
        rc = fl_wait(&sink->lock, &sink->flushing, NULL, until);
        fl_lock(&sink->lock);
    }
    bool settled = is_settled(sink, mark);
    fl_unlock(&sink->lock);
    return settled ? 0 : rc;
}

void filch_log_sink_stats_read(filch_log_sink *sink, filch_log_sink_stats *out, size_t size)
{
    FL_MUST_LIVE(sink);
    FL_MUST_GIVE(out);
    fl_lock(&sink->lock);
    filch_log_sink_stats all = sink->stats;
    fl_unlock(&sink->lock);
    fl_answer(out, size, &all, sizeof all);
}

/* ---- The thread ---- */

/* The thread of a log sink: takes lines from the ring in batches, and writes them. */

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
