/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/limiter.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOVED = 1 }; /* the code a waiter is told: it has another booking, or none */

/* Of a waiter, on its stack; under the line's lock, or its own when it is in no line. */
typedef struct wish {
    fl_booking booking;
    unsigned permits;
    int64_t latest;
    int refused; /* by fl_bucket_book; 0: it has a booking */
} wish;

/* ---- Life ---- */

void fl_limiter_init(filch_limiter *limiter, filch_limit limit)
{
    fl_bucket_init(&limiter->bucket, limit);
}

int filch_limiter_create(filch_limiter **out, filch_limit limit)
{
    FL_GIVEN(out);
    int rc = fl_limit_refuse(limit);
    if (rc)
        return rc;
    filch_limiter *limiter = calloc(1, sizeof *limiter);
    if (!limiter)
        return fl_fail(ENOMEM, "no memory for a limiter; free some");
    fl_limiter_init(limiter, limit);
    fl_life_begin(&limiter->life);
    *out = limiter;
    return 0;
}

int filch_limiter_destroy(filch_limiter *limiter)
{
    FL_MAY_LIVE(limiter);
    int rc = limiter ? fl_users_refuse(&limiter->users, "filch_limiter_destroy") : 0;
    if (rc || !limiter)
        return rc;
    fl_wait_queue_close(&limiter->wait_queue);
    fl_wait_queue_await("filch_limiter_destroy", &limiter->wait_queue);
    fl_life_end(&limiter->life);
    free(limiter);
    return 0;
}

/* ---- Booking ---- */

/* Returns the code of fl_bucket_book, with its sentence. */
static int told(int rc, unsigned permits, uint32_t burst)
{
    if (rc == -EINVAL)
        return fl_fail(EINVAL,
                       "%u permits are out of range; ask the limiter for 1 to its burst, %u",
                       permits, burst);
    if (rc == -EOVERFLOW)
        return fl_fail(EOVERFLOW, "%u permits would take over 292 years; give some back", permits);
    return fl_plainly(rc);
}

int fl_limiter_book(filch_limiter *limiter, unsigned permits, int64_t now, int64_t latest,
                    fl_booking *out)
{
    fl_wait_queue_lock(&limiter->wait_queue);
    int rc = fl_bucket_book(&limiter->bucket, permits, now, latest, out);
    if (!rc)
        fl_bucket_keep(&limiter->bucket, out);
    uint32_t burst = limiter->bucket.limit.burst;
    fl_wait_queue_unlock(&limiter->wait_queue);
    return told(rc, permits, burst);
}

int fl_limiter_allow(filch_limiter *limiter, unsigned permits, int64_t now)
{
    fl_booking booking;
    return fl_tried(
        fl_limiter_book(limiter, permits, now, now, &booking),
        "the limiter has too few permits; wait with filch_limiter_acquire, or try again later");
}

int filch_limiter_allow(filch_limiter *limiter, unsigned permits)
{
    FL_ALIVE(limiter);
    return fl_limiter_allow(limiter, permits, fl_now());
}

/* ---- Reservations ---- */

FILCH_STATIC_ASSERT(sizeof(fl_booking) <= sizeof(((filch_reservation *)0)->reserved),
                    "no room for a booking");

int fl_limiter_reserve(filch_limiter *limiter, unsigned permits, int64_t now,
                       filch_reservation *out)
{
    if (!out)
        return fl_fail(EINVAL, "a reservation without an address for it; pass one");
    fl_booking booking;
    int rc = fl_limiter_book(limiter, permits, now, FILCH_FOREVER, &booking);
    if (rc)
        return rc;
    *out = (filch_reservation){.at = booking.at, .permits = permits, .limiter = limiter};
    memcpy(out->reserved, &booking, sizeof booking);
    return 0;
}

int filch_limiter_reserve(filch_limiter *limiter, unsigned permits, filch_reservation *out)
{
    FL_ALIVE(limiter);
    FL_GIVEN(out);
    return fl_limiter_reserve(limiter, permits, fl_now(), out);
}

int filch_limiter_give_back(filch_reservation *reservation)
{
    FL_GIVEN(reservation);
    if (!reservation->permits)
        return fl_fail(EALREADY, "this reservation was given back; make another one");
    fl_booking booking;
    memcpy(&booking, reservation->reserved, sizeof booking);
    reservation->permits = 0;
    filch_limiter *limiter = reservation->limiter;
    fl_wait_queue_lock(&limiter->wait_queue);
    bool given = fl_bucket_give_back(&limiter->bucket, &booking);
    fl_wait_queue_unlock(&limiter->wait_queue);
    return given ? 0 : fl_fail(ESTALE, "the limit was changed; earlier reservations count as used");
}

/* ---- Waiting ---- */

int fl_limiter_wait_refuse(filch_context *context, int64_t until)
{
    if (until < 0)
        return fl_fail(EINVAL,
                       "filch_limiter_acquire until %lld ns; give a time from filch_in(), "
                       "FILCH_FOREVER, or 0",
                       (long long)until);
    return fl_refused_by(filch_context_cause(context));
}

/* In the line, until the time of its booking has come. The lock is held. */
static int await_booking(const char *call, filch_limiter *limiter, wish *mine,
                         filch_context *context)
{
    int rc;
    do {
        fl_waits_in(call, limiter);
        rc = fl_wait_queue_wait(&limiter->wait_queue, mine, mine->booking.at, context);
        if (mine->refused)
            return told(mine->refused, mine->permits, limiter->bucket.limit.burst);
    } while (rc == MOVED);
    if (rc == -ETIMEDOUT && fl_now() >= mine->booking.at) { /* else it is the context's cause */
        fl_bucket_keep(&limiter->bucket, &mine->booking);
        return 0;
    }
    fl_bucket_give_back(&limiter->bucket, &mine->booking);
    if (!limiter->wait_queue.inside)
        fl_bucket_only_kept(&limiter->bucket);
    return rc;
}

int fl_limiter_wait(const char *call, filch_limiter *limiter, unsigned permits,
                    filch_context *context, int64_t until)
{
    int rc = fl_limiter_wait_refuse(context, until);
    if (rc)
        return rc;
    int64_t deadline = filch_context_deadline(context), now = fl_now();
    wish mine = {.permits = permits, .latest = deadline < until ? deadline : until};
    fl_wait_queue_lock(&limiter->wait_queue);
    rc = fl_bucket_book(&limiter->bucket, permits, now, mine.latest, &mine.booking);
    uint32_t burst = limiter->bucket.limit.burst;
    bool waits = !rc && mine.booking.at > now;
    if (waits)
        rc = await_booking(call, limiter, &mine, context);
    else if (!rc)
        fl_bucket_keep(&limiter->bucket, &mine.booking);
    fl_wait_queue_unlock(&limiter->wait_queue);
    bool final = rc == -ETIMEDOUT && deadline <= until;
    return waits ? rc : final ? fl_refused_by(rc) : told(rc, permits, burst);
}

int filch_limiter_acquire(filch_limiter *limiter, unsigned permits, filch_context *context,
                          int64_t until)
{
    FL_ALIVE(limiter);
    return fl_limiter_wait("filch_limiter_acquire", limiter, permits, context, until);
}

/* ---- The limit ---- */

static void book_anew(fl_bucket *bucket, wish *mine, int64_t now)
{
    mine->refused = fl_bucket_book(bucket, mine->permits, now, mine->latest, &mine->booking);
}

void fl_limiter_set(filch_limiter *limiter, filch_limit limit, int64_t now)
{
    fl_bucket *bucket = &limiter->bucket;
    unsigned count = 0;
    fl_wait_queue_lock(&limiter->wait_queue);
    fl_node *all = fl_waiters_claim_all(&limiter->wait_queue.waiters, NULL);
    for (fl_node *node = all; node; node = node->next, count++)
        fl_bucket_give_back(bucket, &((wish *)node->data)->booking);
    if (count == limiter->wait_queue.inside)
        fl_bucket_only_kept(bucket);
    fl_bucket_set(bucket, limit, now);
    for (fl_node *node = all; node; node = node->next)
        book_anew(bucket, node->data, now);
    fl_wait_queue_unlock(&limiter->wait_queue);
    fl_tell_list(all, MOVED);
}

int filch_limiter_set(filch_limiter *limiter, filch_limit limit)
{
    FL_ALIVE(limiter);
    int rc = fl_limit_refuse(limit);
    if (!rc)
        fl_limiter_set(limiter, limit, fl_now());
    return rc;
}

/* ---- Queries ---- */

filch_limit filch_limiter_get(filch_limiter *limiter)
{
    FL_MUST_LIVE(limiter);
    fl_wait_queue_lock(&limiter->wait_queue);
    filch_limit limit = limiter->bucket.limit;
    fl_wait_queue_unlock(&limiter->wait_queue);
    return limit;
}

unsigned filch_limiter_available(filch_limiter *limiter)
{
    FL_MUST_LIVE(limiter);
    int64_t now = fl_now();
    fl_wait_queue_lock(&limiter->wait_queue);
    unsigned available = fl_bucket_available(&limiter->bucket, now);
    fl_wait_queue_unlock(&limiter->wait_queue);
    return available;
}

int64_t fl_limiter_full_at(filch_limiter *limiter)
{
    fl_wait_queue_lock(&limiter->wait_queue);
    int64_t full_at = fl_bucket_full_at(&limiter->bucket);
    fl_wait_queue_unlock(&limiter->wait_queue);
    return full_at;
}
