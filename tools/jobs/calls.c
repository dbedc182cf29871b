/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "calls.h"

#include <filch/timer.h>
#include <runtime/service/loop.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A queue that has delivered nothing for so long has nothing to deliver. */
static const int64_t QUIET = 2 * FILCH_SECOND;
static const int64_t LOOK = 50 * FILCH_MILLISECOND;

/* ---- Looking ---- */

void jobs_drop_all(jobs_connection *c, fl_delivery **all, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (all[i]->handle && c->kind->release)
            c->kind->release(all[i]->handle);
        free(all[i]);
    }
    free(all);
}

int jobs_peek(jobs_connection *c, unsigned most, fl_delivery ***out, unsigned *count)
{
    fl_broker_rc rc;
    fl_delivery **all = calloc(most, sizeof *all);
    *count = 0;
    if (!all) {
        fprintf(stderr, "%s: no memory for %u jobs; ask for fewer by --limit\n",
                c->options->command, most);
        return JOBS_REFUSED;
    }
    do
        rc = c->kind->peek(c->broker, 0, all, most, count);
    while (jobs_again(c, rc));
    int status = jobs_status(c, rc);
    if (status)
        jobs_drop_all(c, all, *count);
    else
        *out = all;
    return status;
}

bool jobs_has_count(const jobs_connection *c)
{
    return c->caps.counts && c->kind->count;
}

int jobs_count(jobs_connection *c, fl_broker_count *out)
{
    fl_broker_rc rc;
    do
        rc = c->kind->count(c->broker, 0, out);
    while (jobs_again(c, rc));
    return jobs_status(c, rc);
}

/* ---- Receiving ---- */

/* Until a message may have come, or a little while. */
static fl_broker_rc wait_for_messages(jobs_connection *c)
{
    struct pollfd fds[FL_WAKER_FDS];
    int64_t now = filch_now(), until = now + LOOK;
    unsigned count =
        c->kind->watch ? c->kind->watch(c->broker, true, fds, FL_WAKER_FDS, &until) : 0;
    int64_t left = until > now ? until - now : 0;
    poll(fds, count, (int)((left + FILCH_MILLISECOND - 1) / FILCH_MILLISECOND));
    return c->kind->turn ? c->kind->turn(c->broker) : FL_BROKER_OK;
}

/* A broker that counts says at once that its queue is empty. */
static bool is_empty(jobs_connection *c)
{
    fl_broker_count count;
    return jobs_has_count(c) && c->kind->count(c->broker, 0, &count) == FL_BROKER_OK &&
           count.ready == 0;
}

int jobs_receive(jobs_connection *c, fl_delivery **out, unsigned most, unsigned *count)
{
    fl_broker_rc rc;
    int64_t end = filch_now() + QUIET;
    do {
        *count = 0;
        rc = c->kind->receive(c->broker, 0, out, most, count);
        if (*count || (rc == FL_BROKER_OK && is_empty(c)))
            break;
        if (rc == FL_BROKER_OK)
            rc = wait_for_messages(c);
    } while (jobs_again(c, rc) || (rc == FL_BROKER_OK && filch_now() < end));
    return jobs_status(c, *count ? FL_BROKER_OK : rc);
}

/* Moves the items that are not settled to the front; returns how many. Frees the others. */
static unsigned keep_unsettled(jobs_connection *c, fl_settlement *batch, unsigned count,
                               uint64_t *settled)
{
    unsigned left = 0;
    for (unsigned i = 0; i < count; i++) {
        if (batch[i].status == -EAGAIN) {
            batch[left++] = batch[i];
            continue;
        }
        *settled += batch[i].status == 0;
        if (batch[i].delivery->handle && c->kind->release)
            c->kind->release(batch[i].delivery->handle);
        free(batch[i].delivery);
    }
    return left;
}

int jobs_settle(jobs_connection *c, fl_settlement *batch, unsigned count, uint64_t *settled)
{
    fl_broker_rc rc = FL_BROKER_OK;
    while (count) {
        for (unsigned i = 0; i < count; i++)
            batch[i].status = -EAGAIN;
        rc = c->kind->settle(c->broker, batch, count);
        count = keep_unsettled(c, batch, count, settled);
        if (!jobs_again(c, count && rc == FL_BROKER_OK ? FL_BROKER_BUSY : rc))
            break;
    }
    for (unsigned i = 0; i < count; i++)
        batch[i].status = 0;
    uint64_t lost = 0;
    keep_unsettled(c, batch, count, &lost);
    return jobs_status(c, lost && rc == FL_BROKER_OK ? FL_BROKER_BUSY : rc);
}

int jobs_extend(jobs_connection *c, fl_delivery *const *batch, unsigned count)
{
    fl_broker_rc rc;
    if (!count || !c->caps.extends || !c->kind->extend)
        return 0;
    do
        rc = c->kind->extend(c->broker, batch, count, c->config.lease);
    while (jobs_again(c, rc));
    return jobs_status(c, rc);
}

/* ---- Publishing ---- */

/* An item that was not sent, because the broker was busy, is sent again; one that may have been
 * published is not. */
int jobs_publish(jobs_connection *c, fl_publication *batch, unsigned count)
{
    fl_broker_rc rc;
    do {
        for (unsigned i = 0; i < count; i++)
            batch[i].status = -EAGAIN;
        rc = c->kind->publish(c->broker, batch, count);
    } while (jobs_again(c, rc));
    return jobs_status(c, rc);
}

const char *jobs_publication_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {-EEXIST, "an unfinished job has this dedup key"},
        {-EMSGSIZE, "it is larger than the broker takes"},
        {-ENOSPC, "the queue is full"},
        {-ENOTSUP, "it asks for a feature that this broker lacks"},
        {-EAGAIN, "the broker has not confirmed it; it may have been enqueued"},
    };
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return strerror(-status);
}
