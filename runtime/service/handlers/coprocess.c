/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/handlers/coprocess.h>

#include <filch/blocking.h>
#include <filch/log.h>
#include <filch/runtime.h>
#include <filch/select.h>
#include <filch/service.h>
#include <filch/task.h>
#include <runtime/service/handlers/command.h>
#include <runtime/service/handlers/coprocess_frame.h>
#include <runtime/service/handlers/handlers.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 4096 }; /* for input, at first */

int fl_peer_start(fl_peer *peer, const char *const *words, char *const *environment, int64_t until)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return -errno;
    const filch_process_config config = {.argv = words,
                                         .environment = (const char *const *)environment,
                                         .in = ends[1],
                                         .out = ends[1]};
    filch_process *process;
    int rc = fl_child_spawn(&process, &config, until);
    close(ends[1]);
    if (rc) {
        close(ends[0]);
        return rc;
    }
    *peer = (fl_peer){.process = process, .socket = ends[0]};
    return 0;
}

/* Out of line for errno's sake (filch/blocking.h). */
FILCH_COLD static ssize_t send_some(int socket, const char *data, size_t size)
{
    ssize_t n = send(socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

FILCH_COLD static ssize_t receive_some(int socket, char *data, size_t size)
{
    ssize_t n = recv(socket, data, size, MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

/* After a call that returned rc: 0, ready to try again. */
static int again(int socket, ssize_t rc, int event)
{
    if (rc == -EINTR)
        return 0;
    if (rc != -EAGAIN)
        return (int)rc;
    int events = filch_wait_fd(socket, event, FILCH_FOREVER);
    return events < 0 ? events : 0;
}

int fl_peer_send(fl_peer *peer, const char *data, size_t size)
{
    int rc = 0;
    for (size_t done = 0; done < size && !rc;) {
        ssize_t n = send_some(peer->socket, data + done, size - done);
        if (n < 0)
            rc = again(peer->socket, n, POLLOUT);
        else
            done += (size_t)n;
    }
    return rc;
}

/* Makes room for `size` bytes in all. */
static int make_room(fl_peer *peer, size_t size)
{
    if (size <= peer->room)
        return 0;
    char *input = realloc(peer->input, size);
    if (!input)
        return -ENOMEM;
    peer->input = input;
    peer->room = size;
    return 0;
}

/* Waits for some bytes; there is room for them. */
static int fill(fl_peer *peer)
{
    for (;;) {
        ssize_t n = receive_some(peer->socket, peer->input + peer->used, peer->room - peer->used);
        if (!n)
            return -EPIPE;
        int rc = n < 0 ? again(peer->socket, n, POLLIN) : 0;
        if (rc)
            return rc;
        if (n > 0) {
            peer->used += (size_t)n;
            return 0;
        }
    }
}

int fl_peer_receive(fl_peer *peer, size_t most, const char **json, size_t *size)
{
    for (;;) {
        int found = fl_frame_find(peer->input, peer->used, most, size);
        if (found > 0) {
            *json = peer->input + FL_FRAME_HEAD;
            return 0;
        }
        size_t needed = FL_FRAME_HEAD + *size;
        int rc = found < 0 ? found : make_room(peer, needed > ROOM ? needed : ROOM);
        if (!rc)
            rc = fill(peer);
        if (rc)
            return rc;
    }
}

void fl_peer_drop(fl_peer *peer, size_t size)
{
    size_t whole = FL_FRAME_HEAD + size;
    peer->used -= whole;
    memmove(peer->input, peer->input + whole, peer->used);
}

void fl_peer_interrupt(fl_peer *peer)
{
    shutdown(peer->socket, SHUT_RDWR);
}

size_t fl_peer_resident(const fl_peer *peer)
{
    char path[32];
    unsigned long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)filch_process_pid(peer->process));
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

void fl_peer_end(fl_peer *peer, int64_t grace, filch_process_outcome *outcome)
{
    *outcome = (filch_process_outcome){-1, 0};
    if (!peer->process)
        return;
    fl_peer_interrupt(peer);
    fl_child_end(peer->process, grace, outcome);
    filch_process_destroy(peer->process);
    filch_fd_close(peer->socket);
    free(peer->input);
    *peer = (fl_peer){0};
}

/* ---- The handler ---- */

/* The handler `coprocess`: a few long-lived children, each with one job at a time. Idle ones wait in
 * a channel. During an exchange a task of its own watches the job's context, and interrupts the
 * exchange when that is done. A child is trusted with the next job only if this one was answered by
 * the protocol and nothing followed the answer; else it is killed, and the next job starts another. */

enum { PROCESSES = 10, BACKOFFS = 7, WORDS = 24 };
#define BACKOFF (100 * FILCH_MILLISECOND) /* doubles with each failure */

/* A place for a co-process. */
typedef struct place {
    fl_peer peer;
    filch_channel *over; /* signal: the exchange is over */
    unsigned jobs;       /* answered by this child */
    unsigned failures;   /* children in a row that answered no job */
    int64_t start_at;    /* not before */
} place;

typedef struct coprocesses {
    fl_handler_spec spec; /* with the defaults filled in */
    char **environment;   /* of its children */
    filch_channel *idle;  /* of place * */
    place places[];
} coprocesses;

/* A job in a co-process. */
typedef struct exchange {
    const coprocesses *all;
    place *at;
    filch_service_job *job;
    filch_context *context;
    const char *wrong; /* why there is no answer; NULL: there is one */
    bool is_closed;    /* by the child, which is probably about to exit */
    bool is_cut;       /* the context was done first */
    fl_frame frame;    /* the last one */
} exchange;

/* ---- An exchange ---- */

FILCH_TASK(int, watch_context, (exchange *, one))
{
    (void)self;
    filch_case cases[] = {FILCH_RECEIVE(one->at->over, NULL), FILCH_DONE(one->context)};
    int which = filch_select(cases, 2);
    if (which)
        fl_peer_interrupt(&one->at->peer);
    return which;
}

static void report(const exchange *one)
{
    const fl_frame *frame = &one->frame;
    if (frame->kind == FL_FRAME_PROGRESS && frame->told)
        filch_service_job_progress(one->job, frame->told, frame->told_size); /* if it can be kept */
    const filch_log *log = filch_service_job_log(one->job);
    const filch_message *message = filch_service_job_message(one->job);
    if (log && one->frame.kind == FL_FRAME_LOG)
        FILCH_LOG(log, FILCH_LOG_INFO, "co-process", filch_log_text("id", message->id),
                  filch_log_text("type", message->type), filch_log_text("text", one->frame.text));
    else if (log)
        FILCH_LOG(log, FILCH_LOG_DEBUG, "co-process", filch_log_text("id", message->id),
                  filch_log_text("progress", frame->told));
}

/* Reads frames up to the answer. */
static void await_answer(filch_self self, exchange *one)
{
    fl_peer *peer = &one->at->peer;
    const char *id = filch_service_job_message(one->job)->id, *json;
    do {
        size_t size;
        int rc = fl_peer_receive(peer, one->all->spec.output_most, &json, &size);
        if (rc) {
            one->is_closed = rc == -EPIPE || rc == -ECONNRESET; /* reset: it had not read all */
            one->wrong = one->is_closed    ? "it ended without an answer"
                         : rc == -EMSGSIZE ? "its frame is empty or too long"
                                           : strerror(-rc);
            return;
        }
        free(one->frame.told);
        fl_frame_read(&one->frame, json, size, id);
        fl_peer_drop(peer, size);
        if (one->frame.kind == FL_FRAME_BAD)
            one->wrong = one->frame.text;
        if (one->frame.kind >= FL_FRAME_LOG) {
            report(one);
            filch_yield(self); /* a child that logs without end must not hold the worker */
        }
    } while (one->frame.kind >= FL_FRAME_LOG);
}

static void converse(filch_self self, exchange *one, const char *request, size_t size)
{
    FILCH_FORK(watch_context, one);
    one->is_closed = fl_peer_send(&one->at->peer, request, size) != 0;
    if (one->is_closed)
        one->wrong = "it closed its input";
    else
        await_answer(self, one);
    filch_channel_try_send(one->at->over, NULL);
    FILCH_JOIN(int which, watch_context);
    filch_channel_try_receive(one->at->over, NULL); /* unless the watch has */
    one->is_cut = which != 0;
}

/* ---- The life of a child ---- */

static void retire(const coprocesses *all, place *at, filch_process_outcome *outcome)
{
    bool failed = !at->jobs;
    at->failures = failed ? at->failures + (at->failures < BACKOFFS) : 0;
    at->start_at = failed ? filch_in(BACKOFF << (at->failures - 1)) : 0;
    at->jobs = 0;
    fl_peer_end(&at->peer, all->spec.grace, outcome);
}

static int start(const coprocesses *all, place *at, filch_context *context)
{
    filch_process_outcome outcome;
    if (at->peer.process && filch_context_cause(filch_process_context(at->peer.process)))
        retire(all, at, &outcome); /* it has died while it was idle */
    if (at->peer.process)
        return 0;
    int rc = filch_context_sleep(context, at->start_at - filch_now());
    if (!rc)
        rc = fl_peer_start(&at->peer, all->spec.words, all->environment,
                           filch_context_deadline(context));
    if (rc && !filch_context_cause(context))
        retire(all, at, &outcome);
    return rc;
}

static bool is_worn(const coprocesses *all, const place *at)
{
    const fl_handler_spec *spec = &all->spec;
    return (spec->recycle_jobs && at->jobs >= spec->recycle_jobs) ||
           (spec->recycle_bytes && fl_peer_resident(&at->peer) > spec->recycle_bytes);
}

/* After an exchange: the child goes if it may not have another job. */
static void conclude(exchange *one, char words[WORDS])
{
    place *at = one->at;
    filch_process_outcome outcome = {-1, 0};
    at->jobs += !one->wrong;
    if (one->is_closed) /* its own exit status tells more than our signal */
        filch_process_wait(at->peer.process, NULL, one->context, filch_in(one->all->spec.grace));
    if (one->wrong || one->is_cut || at->peer.used || is_worn(one->all, at))
        retire(one->all, at, &outcome);
    fl_child_describe(words, WORDS, outcome);
}

/* ---- Running a job ---- */

static int judge(exchange *one, const char *words)
{
    int cause = filch_context_cause(one->context);
    const fl_frame *frame = &one->frame;
    if (one->wrong && cause)
        return filch_error_set(fl_handler_cut(cause),
                               "co-process killed: its job was not done in time");
    if (one->wrong)
        return filch_service_job_retry(one->job, 0, "co-process replaced: %.80s (%s)", one->wrong,
                                       words);
    if (frame->kind == FL_FRAME_RETRY)
        return filch_service_job_retry(one->job, frame->after, "%s", frame->text);
    if (frame->kind == FL_FRAME_FAIL)
        return filch_service_job_fail(one->job, "%s", frame->text);
    return frame->told
               ? fl_handler_cut(filch_service_job_result(one->job, frame->told, frame->told_size))
               : 0;
}

static int run(filch_self self, exchange *one)
{
    size_t size;
    char words[WORDS], *request = fl_frame_request(one->job, &size);
    if (!request)
        return filch_service_job_retry(one->job, 0, "no request: memory is short, or not UTF-8");
    int rc = start(one->all, one->at, one->context);
    if (!rc)
        converse(self, one, request, size);
    free(request);
    if (rc && filch_context_cause(one->context))
        return filch_error_set(fl_handler_cut(rc), "no co-process in time");
    if (rc)
        return filch_service_job_retry(one->job, 0, "cannot start %.60s: %s",
                                       one->all->spec.words[0], strerror(-rc));
    conclude(one, words);
    return judge(one, words);
}

static int handle(filch_self self, filch_service_job *job, void *arg)
{
    coprocesses *all = arg;
    exchange one = {.all = all, .job = job, .context = filch_service_job_context(job)};
    filch_case cases[] = {FILCH_RECEIVE(all->idle, &one.at), FILCH_DONE(one.context)};
    int which = filch_select(cases, 2);
    if (which)
        return filch_error_set(fl_handler_cut(which < 0 ? which : cases[1].code),
                               "no co-process in time");
    int rc = run(self, &one);
    free(one.frame.told);
    filch_channel_try_send(all->idle, &one.at); /* there is room for all */
    return rc;
}

/* ---- The kind ---- */

static void destroy(coprocesses *all, unsigned count)
{
    filch_process_outcome outcome;
    for (unsigned i = 0; i < count; i++)
        if (all->places[i].peer.process)
            fl_peer_interrupt(&all->places[i].peer); /* all at once, so that one grace is enough */
    for (unsigned i = 0; i < count; i++) {
        fl_peer_end(&all->places[i].peer, all->spec.grace, &outcome);
        filch_channel_destroy(all->places[i].over);
    }
    filch_channel_destroy(all->idle);
    free(all->environment);
    free(all);
}

static int create(coprocesses *all)
{
    all->environment = fl_child_environment(&all->spec);
    int rc = all->environment
                 ? filch_channel_create(&all->idle, sizeof(place *), all->spec.processes)
                 : -ENOMEM;
    for (unsigned i = 0; i < all->spec.processes && !rc; i++) {
        place *one = &all->places[i];
        rc = filch_channel_create(&one->over, 0, 1);
        if (!rc)
            filch_channel_try_send(all->idle, &one);
    }
    return rc;
}

static int make(filch_handler *handler, const fl_handler_spec *spec)
{
    int rc = fl_child_check("coprocess", spec);
    if (rc)
        return rc;
    unsigned processes = spec->processes ? spec->processes : handler->width;
    processes = processes ? processes : PROCESSES;
    coprocesses *all = calloc(1, sizeof *all + processes * sizeof *all->places);
    if (!all)
        return filch_error_set(-ENOMEM, "no memory for handler 'coprocess'");
    all->spec = *spec;
    all->spec.processes = processes;
    all->spec.grace = spec->grace ? spec->grace : FL_CHILD_GRACE;
    all->spec.output_most = spec->output_most ? spec->output_most : FL_HANDLER_OUTPUT;
    rc = create(all);
    if (rc) {
        destroy(all, processes);
        return filch_error_set(rc, "no memory for handler 'coprocess'");
    }
    handler->fn = handle;
    handler->arg = all;
    return 0;
}

static void unmake(filch_handler *handler)
{
    coprocesses *all = handler->arg;
    destroy(all, all->spec.processes);
}

static const char *const settings[] = {"processes",   "recycle-jobs", "recycle-bytes",
                                       "output-most", "grace",        "environment",
                                       NULL};

const fl_handler_kind fl_handler_coprocess = {.name = "coprocess",
                                              .words = "PROGRAM [ARGUMENT...]",
                                              .settings = settings,
                                              .make = make,
                                              .unmake = unmake};
