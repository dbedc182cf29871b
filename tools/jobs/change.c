/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * cancel, pause, resume, purge: change a queue. */
#include "calls.h"
#include "command.h"
#include "progress.h"
#include "text.h"
#include "view.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* ---- cancel ---- */

/* Calls `cancel` or `stop` of the broker. An exit status. */
static int ask_broker(jobs_connection *c,
                      fl_broker_rc (*function)(fl_broker *broker, const char *id, bool *found),
                      const char *id, bool *found)
{
    fl_broker_rc rc;
    do
        rc = function(c->broker, id, found);
    while (jobs_again(c, rc));
    return jobs_status(c, rc);
}

/* Where the job was that is cancelled. */
typedef enum place { NOWHERE, WAITING, RUNNING, PLACES } place;

/* A job that begins or is retried between two questions is found by the third or fourth. */
static int cancel_one(jobs_connection *c, const char *id, place *at)
{
    bool stops = c->caps.stop && c->kind->stop, found = false;
    int status = 0;
    for (unsigned i = 0; i < (stops ? 4 : 1) && !status && !found; i++) {
        *at = i % 2 ? RUNNING : WAITING;
        status = ask_broker(c, i % 2 ? c->kind->stop : c->kind->cancel, id, &found);
    }
    if (!found)
        *at = NOWHERE;
    return status;
}

static void tell_missing(const jobs_connection *c, const char *id)
{
    const jobs_options *o = c->options;
    if (c->caps.stop && c->kind->stop)
        fprintf(stderr, "%s: no waiting or running job '%s' in queue '%s'\n", o->command, id,
                o->queue);
    else
        fprintf(stderr,
                "%s: no waiting job '%s' in queue '%s'; if it runs: cancel of running jobs is "
                "not supported by %s\n",
                o->command, id, o->queue, c->kind->name);
}

/* lists: ids by place. */
static int cancel_all(jobs_connection *c, json_t *const lists[PLACES])
{
    static const char *const words[PLACES] = {[WAITING] = "cancelled", [RUNNING] = "stopping"};
    const jobs_options *o = c->options;
    for (int i = 0; i < o->argument_count; i++) {
        place at = NOWHERE;
        int status = cancel_one(c, o->arguments[i], &at);
        if (status)
            return status;
        json_array_append_new(lists[at], view_text(o->arguments[i]));
        if (at == NOWHERE)
            tell_missing(c, o->arguments[i]);
        else if (!o->json)
            printf("%s %s\n", words[at], o->arguments[i]);
    }
    return json_array_size(lists[NOWHERE]) ? JOBS_REFUSED : 0;
}

static int cancel(jobs_options *o)
{
    jobs_connection c;
    int status = jobs_connect(&c, o, FL_BROKER_ADMINISTERS, o->queue, 1);
    status = status ? status : jobs_check_needs(&c, JOBS_NEEDS_CANCEL);
    if (!status) {
        json_t *const lists[PLACES] = {json_array(), json_array(), json_array()};
        status = cancel_all(&c, lists);
        json_t *out =
            json_pack("{s:o, s:o, s:o, s:o}", "queue", view_text(o->queue), "cancelled",
                      lists[WAITING], "stopping", lists[RUNNING], "missing", lists[NOWHERE]);
        int told = o->json ? view_print(o, out) : (json_decref(out), 0);
        status = status ? status : told;
    }
    jobs_disconnect(&c);
    return status;
}

/* ---- pause, resume ---- */

static int set_paused(jobs_options *o, bool paused)
{
    jobs_connection c;
    fl_broker_rc rc;
    int status = jobs_take_queue(o);
    if (!status && !o->queue_named)
        return jobs_usage(o, "no queue is named (give QUEUE)");
    status = status ? status : jobs_connect(&c, o, FL_BROKER_ADMINISTERS, o->queue, 1);
    if (status)
        return status;
    status = jobs_check_needs(&c, JOBS_NEEDS_PAUSE);
    if (!status) {
        do
            rc = c.kind->pause(c.broker, 0, o->type, paused);
        while (jobs_again(&c, rc));
        status = jobs_status(&c, rc);
    }
    jobs_disconnect(&c);
    if (status)
        return status;
    if (o->json)
        return view_print(o, json_pack("{s:o, s:o, s:b}", "queue", view_text(o->queue), "type",
                                       view_text(o->type), "paused", paused));
    printf("%s queue '%s'%s%s\n", paused ? "paused" : "resumed", o->queue,
           o->type ? ", only jobs of type " : "", o->type ? o->type : "");
    return 0;
}

static int pause_queue(jobs_options *o)
{
    return set_paused(o, true);
}

static int resume_queue(jobs_options *o)
{
    return set_paused(o, false);
}

/* ---- purge ---- */

/* Asks on the terminal. 0, or JOBS_USAGE: it may not. */
static int ask(const jobs_options *o)
{
    char answer[16] = "";
    if (o->yes)
        return 0;
    if (!isatty(STDIN_FILENO))
        return jobs_usage(o,
                          "stdin is not a terminal, so it cannot ask (give --yes to remove all "
                          "jobs of queue '%s')",
                          o->queue);
    fprintf(stderr, "Remove all waiting jobs of queue '%s'? This cannot be undone. [y/N] ",
            o->queue);
    if (fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y'))
        return 0;
    fprintf(stderr, "%s: nothing was removed\n", o->command);
    return JOBS_REFUSED;
}

/* Takes the jobs that are ready, and acknowledges them. */
static int purge_ready(jobs_options *o, uint64_t *removed, jobs_progress *progress)
{
    jobs_connection c;
    unsigned count = 1;
    int status = jobs_connect_briefly(&c, o, o->queue, JOBS_BATCH);
    while (!status && count) {
        fl_delivery *all[JOBS_BATCH];
        fl_settlement items[JOBS_BATCH];
        status = jobs_receive(&c, all, JOBS_BATCH, &count);
        for (unsigned i = 0; i < count; i++)
            items[i] = (fl_settlement){.delivery = all[i], .verb = FL_SETTLE_ACK};
        int settled = jobs_settle(&c, items, count, removed);
        status = status ? status : settled;
        jobs_progress_show(progress, *removed, 0);
    }
    jobs_disconnect(&c);
    return status;
}

/* Removes those that cannot be taken: they are delayed, or paused. Ends when none is left, or
 * others took the rest. */
static int purge_held(jobs_connection *c, uint64_t *removed, jobs_progress *progress)
{
    int status = 0;
    unsigned count = 1;
    bool found = true;
    while (!status && found && count) {
        fl_delivery **all;
        status = jobs_peek(c, JOBS_BATCH, &all, &count);
        if (status)
            return status;
        found = false;
        for (unsigned i = 0; i < count && !status; i++) {
            bool this = false;
            status = ask_broker(c, c->kind->cancel, all[i]->message.id, &this);
            found |= this;
            *removed += this;
            jobs_progress_show(progress, *removed, 0);
        }
        jobs_drop_all(c, all, count);
    }
    return status;
}

static int purge(jobs_options *o)
{
    jobs_connection c;
    jobs_progress progress;
    uint64_t removed = 0;
    int status = jobs_take_queue(o);
    if (!status && !o->queue_named)
        return jobs_usage(o, "no queue is named (give QUEUE)");
    status = status ? status : ask(o);
    if (status)
        return status;
    jobs_progress_begin(&progress, stderr, "purged");
    status = purge_ready(o, &removed, &progress);
    if (!status) {
        status = jobs_connect(&c, o, FL_BROKER_ADMINISTERS, o->queue, 1);
        if (!status && c.caps.peek && c.caps.cancel)
            status = purge_held(&c, &removed, &progress);
        jobs_disconnect(&c);
    }
    jobs_progress_end(&progress);
    if (o->json) {
        int told = view_print(o, json_pack("{s:o, s:I}", "queue", view_text(o->queue), "removed",
                                           (json_int_t)removed));
        return status ? status : told;
    }
    printf("removed %" PRIu64 " job%s from queue '%s'\n", removed, text_plural(removed), o->queue);
    return status;
}

const jobs_command jobs_change_commands[] = {
    {"cancel", "ID...", "removes waiting jobs, stops running ones",
     "Removes waiting jobs, including delayed ones. A running job is asked to stop, where the "
     "broker "
     "has stop: within about a second its context is cancelled, and a command or co-process is "
     "killed. It is forgotten when its handler has returned, unless that succeeds all the same. "
     "The "
     "command does not wait for that.\n",
     0, 1, -1, cancel},
    {"pause", "QUEUE", "stops deliveries of a queue or a type",
     "Jobs of the queue, or only those of --type, are not delivered to any service until resume. "
     "Running jobs continue, and jobs can be enqueued. The broker keeps this.\n",
     JOBS_TYPE, 0, 1, pause_queue},
    {"resume", "QUEUE", "ends a pause",
     "Ends a pause of the queue; with --type, a pause of that type. These two are independent.\n",
     JOBS_TYPE, 0, 1, resume_queue},
    {"purge", "QUEUE", "removes all waiting jobs",
     "Removes all waiting jobs, until the queue is empty; running ones stay. Asks on a terminal; "
     "elsewhere --yes is needed. Delayed jobs and those of a paused queue are removed where the "
     "broker has peek and cancel. Dead letters have their own queue, NAME.dlq.\n",
     JOBS_YES, 0, 1, purge},
    {0},
};
