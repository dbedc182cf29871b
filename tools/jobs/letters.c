/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "letters.h"

#include "calls.h"
#include "progress.h"
#include "text.h"
#include "view.h"

#include <filch/service.h>
#include <filch/timer.h>
#include <runtime/service/message.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tools/shared/spell.h>

static const char PREFIX[] = "x-dlq-", RETURNS[] = "x-dlq-returns";

/* The connections of one run. */
typedef struct run {
    const jobs_options *options;
    letters_end end;
    letters_result *result;
    jobs_connection from, to;
    char to_queue[LETTERS_NAME]; /* of `to`, while it is connected */
    bool *found;                 /* of each argument */
    int64_t renew_at;            /* filch_now; leases of kept letters are extended then */
    jobs_progress progress;
} run;

int letters_queue(const jobs_options *o, char name[LETTERS_NAME])
{
    int size = snprintf(name, LETTERS_NAME, "%s.dlq", o->queue);
    return size < LETTERS_NAME
               ? 0
               : jobs_usage(o, "the queue's name is too long (at most %d bytes)", LETTERS_NAME - 5);
}

/* ---- Jobs of letters ---- */

filch_message letters_job(const filch_message *letter, const char *queue, int64_t unix_time,
                          filch_header *headers, char count[LETTERS_COUNT])
{
    unsigned long returns = 0;
    const char *before = filch_message_header(letter, RETURNS);
    filch_message job = *letter;
    job.queue = queue;
    job.dedup = NULL; /* became free when the job died */
    job.attempt = 1;
    job.deliveries = 0;
    job.delay = job.expires = 0;
    job.first_seen = unix_time;
    job.headers = headers;
    job.header_count = 0;
    for (size_t i = 0; i < letter->header_count; i++)
        if (strncasecmp(letter->headers[i].name, PREFIX, sizeof PREFIX - 1) != 0 &&
            strcasecmp(letter->headers[i].name, "x-original-queue") != 0)
            headers[job.header_count++] = letter->headers[i];
    if (before)
        spell_count(before, 0, 1000000000, &returns);
    snprintf(count, LETTERS_COUNT, "%lu", returns + 1);
    headers[job.header_count++] = (filch_header){RETURNS, count};
    return job;
}

/* ---- Requeueing ---- */

/* Connects to the queue of that name, which is shorter than LETTERS_NAME, unless it is. */
static int connect_to(run *r, const char *queue)
{
    if (r->to.broker && strcmp(r->to_queue, queue) == 0)
        return 0;
    jobs_disconnect(&r->to);
    snprintf(r->to_queue, sizeof r->to_queue, "%s", queue);
    return jobs_connect(&r->to, r->options, FL_BROKER_PUBLISHES, r->to_queue, 1);
}

static const char *target_of(const run *r, const fl_delivery *letter)
{
    const char *queue = filch_message_header(&letter->message, "x-original-queue");
    return queue && *queue ? queue : r->options->queue;
}

/* The jobs of a batch of letters, with the memory that they need. */
typedef struct reborn {
    fl_publication items[JOBS_BATCH];
    filch_message jobs[JOBS_BATCH];
    char counts[JOBS_BATCH][LETTERS_COUNT];
    char ids[JOBS_BATCH][FL_ID_BYTES]; /* of those that have none */
    filch_header headers[];
} reborn;

static reborn *make_jobs(run *r, fl_delivery *const *letters, unsigned count, const char *queue)
{
    size_t headers = 0;
    int64_t now = r->to.host.unix_time(&r->to.host);
    for (unsigned i = 0; i < count; i++)
        headers += letters[i]->message.header_count + 1;
    reborn *all = malloc(sizeof *all + headers * sizeof *all->headers);
    filch_header *at = all ? all->headers : NULL;
    for (unsigned i = 0; all && i < count; i++) {
        all->jobs[i] = letters_job(&letters[i]->message, queue, now, at, all->counts[i]);
        if (!all->jobs[i].id) {
            fl_message_random_id(all->ids[i]);
            all->jobs[i].id = all->ids[i];
        }
        all->items[i] =
            (fl_publication){.message = &all->jobs[i], .letter = letters[i], .status = -EAGAIN};
        at += letters[i]->message.header_count + 1;
    }
    return all;
}

static void explain(const run *r, const char *id, const char *why)
{
    id = id ? id : "";
    char *visible = text_visible(id, strlen(id), false);
    fprintf(stderr, "%s: letter '%s' is not requeued: %s\n", r->options->command,
            visible ? visible : "", why);
    free(visible);
}

/* Publishes letters of one target; confirmed[i] says which of them are jobs now. An exit status: the
 * broker is away. */
static int publish(run *r, fl_delivery *const *letters, unsigned count, bool *confirmed)
{
    const char *queue = target_of(r, letters[0]);
    if (strlen(queue) >= LETTERS_NAME) {
        for (unsigned i = 0; i < count; i++)
            explain(r, letters[i]->message.id, "its x-original-queue is longer than 255 bytes");
        return 0;
    }
    int status = connect_to(r, queue);
    reborn *all = status ? NULL : make_jobs(r, letters, count, queue);
    if (!all)
        return status ? status : JOBS_REFUSED;
    status = jobs_publish(&r->to, all->items, count);
    for (unsigned i = 0; i < count; i++) {
        confirmed[i] = all->items[i].status == 0;
        if (!confirmed[i])
            explain(r, letters[i]->message.id, jobs_publication_text(all->items[i].status));
    }
    free(all);
    return status;
}

/* The same for letters of several targets. */
static int publish_all(run *r, fl_delivery *const *letters, unsigned count, bool *confirmed)
{
    int status = 0;
    for (unsigned at = 0, end; at < count && !status; at = end) {
        for (end = at + 1; end < count; end++)
            if (strcmp(target_of(r, letters[at]), target_of(r, letters[end])) != 0)
                break;
        status = publish(r, letters + at, end - at, confirmed + at);
    }
    return status;
}

/* ---- Receiving ---- */

/* Is it asked for? A letter whose id is given twice in the queue counts for both. */
static bool is_wanted(run *r, const fl_delivery *letter)
{
    const jobs_options *o = r->options;
    bool wanted = o->all;
    for (int i = 0; i < o->argument_count; i++)
        if (letter->message.id && strcmp(o->arguments[i], letter->message.id) == 0)
            wanted = r->found[i] = true;
    return wanted;
}

/* Its job would lack the parts that were not read. */
static bool is_cut(run *r, const fl_delivery *letter)
{
    if (!letter->malformed || r->end != LETTERS_REQUEUE)
        return false;
    explain(r, letter->message.id, letter->malformed);
    r->result->failed++;
    return true;
}

static bool finds_more(const run *r)
{
    for (int i = 0; i < r->options->argument_count; i++)
        if (!r->found[i])
            return true;
    return r->options->all;
}

/* Takes a batch apart: letters that are wanted end, the others are added to `kept`. */
static int end_batch(run *r, fl_delivery **all, unsigned count, fl_delivery **kept,
                     unsigned *kept_count)
{
    fl_settlement items[JOBS_BATCH];
    bool confirmed[JOBS_BATCH] = {0};
    unsigned wanted = 0, done = 0;
    uint64_t settled = 0;
    for (unsigned i = 0; i < count; i++)
        if (is_wanted(r, all[i]) && !is_cut(r, all[i]))
            all[wanted++] = all[i];
        else
            kept[(*kept_count)++] = all[i];
    int status = r->end == LETTERS_REQUEUE ? publish_all(r, all, wanted, confirmed) : 0;
    for (unsigned i = 0; i < wanted; i++)
        if (confirmed[i] || r->end == LETTERS_DROP)
            items[done++] = (fl_settlement){.delivery = all[i], .verb = FL_SETTLE_ACK};
        else
            kept[(*kept_count)++] = all[i];
    int rc = jobs_settle(&r->from, items, done, &settled);
    r->result->ended += settled;
    r->result->failed += wanted - settled;
    return status ? status : rc;
}

static void return_kept(run *r, fl_delivery **kept, unsigned count)
{
    fl_settlement items[JOBS_BATCH];
    uint64_t settled = 0;
    for (unsigned at = 0; at < count;) {
        unsigned some = 0;
        while (some < JOBS_BATCH && at < count)
            items[some++] = (fl_settlement){.delivery = kept[at++], .verb = FL_SETTLE_RETURN};
        jobs_settle(&r->from, items, some, &settled);
    }
}

/* Extends the leases of kept letters. A letter whose lease is lost all the same needs no return. */
static int renew(run *r, fl_delivery *const *kept, unsigned count)
{
    int64_t now = filch_now();
    if (now < r->renew_at)
        return 0;
    r->renew_at = now + r->from.config.lease / 3;
    return jobs_extend(&r->from, kept, count);
}

/* Counts the letters that others hold, if some of the requested ones have not come. */
static int count_leased(run *r)
{
    fl_broker_count left;
    bool is_short = r->options->all || json_array_size(r->result->missing);
    if (!is_short || !jobs_has_count(&r->from))
        return 0;
    int status = jobs_count(&r->from, &left);
    r->result->leased = status ? FL_BROKER_UNKNOWN : left.leased;
    return status;
}

/* An exit status. */
static int end_letters(run *r, fl_delivery **kept, unsigned *kept_count)
{
    fl_broker_count left = {0};
    int status = 0;
    if (r->options->all && jobs_has_count(&r->from))
        status = jobs_count(&r->from, &left);
    while (!status && finds_more(r) && *kept_count + JOBS_BATCH <= LETTERS_SEARCHED) {
        fl_delivery *all[JOBS_BATCH];
        unsigned count;
        status = jobs_receive(&r->from, all, JOBS_BATCH, &count);
        if (!count)
            break;
        int ended = end_batch(r, all, count, kept, kept_count);
        status = status ? status : ended;
        status = status ? status : renew(r, kept, *kept_count);
        jobs_progress_show(&r->progress, r->result->ended, left.ready);
    }
    return status;
}

int letters_run(const jobs_options *o, letters_end end, letters_result *result)
{
    char queue[LETTERS_NAME];
    run r = {.options = o, .end = end, .result = result};
    unsigned kept_count = 0;
    int status = letters_queue(o, queue);
    if (status)
        return status;
    fl_delivery **kept = calloc(LETTERS_SEARCHED, sizeof *kept);
    r.found = calloc((size_t)o->argument_count + 1, sizeof *r.found);
    jobs_progress_begin(&r.progress, stderr, end == LETTERS_DROP ? "dropped" : "requeued");
    status = kept && r.found ? jobs_connect(&r.from, o, FL_BROKER_CONSUMES, queue, LETTERS_SEARCHED)
                             : JOBS_REFUSED;
    if (!status) {
        r.renew_at = filch_now() + r.from.config.lease / 3;
        status = end_letters(&r, kept, &kept_count);
        return_kept(&r, kept, kept_count);
        for (int i = 0; !status && i < o->argument_count; i++)
            if (!r.found[i])
                json_array_append_new(result->missing, view_text(o->arguments[i]));
        status = status ? status : count_leased(&r);
    }
    jobs_progress_end(&r.progress);
    jobs_disconnect(&r.from);
    jobs_disconnect(&r.to);
    free(kept);
    free(r.found);
    return status;
}
