/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/policy/limiter.h>

#include <runtime/core/clock.h>
#include <runtime/core/error.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOVED = 1 }; /* what a waiter is told: it has another booking, or none */

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
    if (!out)
        return fl_fail(EINVAL, "filch_limiter_create without a place for the limiter; give it one");
    int rc = fl_limit_refuse(limit);
    if (rc)
        return rc;
    filch_limiter *limiter = calloc(1, sizeof *limiter);
    if (!limiter)
        return fl_fail(ENOMEM, "no memory for a limiter; free some");
    fl_limiter_init(limiter, limit);
    *out = limiter;
    return 0;
}

void filch_limiter_destroy(filch_limiter *limiter)
{
    if (!limiter)
        return;
    fl_line_close(&limiter->line);
    fl_line_await(&limiter->line);
    free(limiter);
}

/* ---- Booking ---- */

/* With the sentence that belongs to what fl_bucket_book has returned. */
static int told(int rc, unsigned permits, uint32_t burst)
{
    if (rc == -EINVAL)
        return fl_fail(EINVAL, "%u permits wanted of a limiter; ask for 1 to its burst, %u",
                       permits, burst);
    if (rc == -EOVERFLOW)
        return fl_fail(EOVERFLOW, "%u permits could be had in 292 years; give some back", permits);
    return fl_plainly(rc);
}

int fl_limiter_book(filch_limiter *limiter, unsigned permits, int64_t now, int64_t latest,
                    fl_booking *out)
{
    fl_line_lock(&limiter->line);
    int rc = fl_bucket_book(&limiter->bucket, permits, now, latest, out);
    if (!rc)
        fl_bucket_keep(&limiter->bucket, out);
    uint32_t burst = limiter->bucket.limit.burst;
    fl_line_unlock(&limiter->line);
    return told(rc, permits, burst);
}

int fl_limiter_allow(filch_limiter *limiter, unsigned permits, int64_t now)
{
    fl_booking booking;
    return fl_tried(fl_limiter_book(limiter, permits, now, now, &booking));
}

int filch_limiter_allow(filch_limiter *limiter, unsigned permits)
{
    return fl_limiter_allow(limiter, permits, fl_now());
}

/* ---- Reservations ---- */

FILCH_STATIC_ASSERT(sizeof(fl_booking) <= sizeof(((filch_reservation *)0)->reserved),
                    "no room for a booking");

int fl_limiter_reserve(filch_limiter *limiter, unsigned permits, int64_t now,
                       filch_reservation *out)
{
    if (!out)
        return fl_fail(EINVAL, "a reservation without a place for it; give it one");
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
    return fl_limiter_reserve(limiter, permits, fl_now(), out);
}

int filch_limiter_give_back(filch_reservation *reservation)
{
    if (!reservation->permits)
        return fl_fail(EALREADY, "this reservation was given back; make another one");
    fl_booking booking;
    memcpy(&booking, reservation->reserved, sizeof booking);
    reservation->permits = 0;
    filch_limiter *limiter = reservation->limiter;
    fl_line_lock(&limiter->line);
    bool given = fl_bucket_give_back(&limiter->bucket, &booking);
    fl_line_unlock(&limiter->line);
    return given ? 0 : fl_fail(ESTALE, "the limit was changed; what was reserved before is used");
}

/* ---- Waiting ---- */

int fl_limiter_wait_refuse(filch_context *context, int64_t until)
{
    if (until < 0)
        return fl_fail(EINVAL,
                       "filch_limiter_wait until %lld ns; give a time from filch_in(), "
                       "FILCH_FOREVER, or 0",
                       (long long)until);
    return fl_plainly(filch_context_cause(context));
}

/* In the line, until what it has booked is its own. The lock is held. */
static int await_booking(filch_limiter *limiter, wish *mine, filch_context *context)
{
    int rc;
    do {
        fl_waits_in("filch_limiter_wait", limiter);
        rc = fl_line_wait(&limiter->line, mine, mine->booking.at, context);
        if (mine->refused)
            return told(mine->refused, mine->permits, limiter->bucket.limit.burst);
    } while (rc == MOVED);
    if (rc == -ETIMEDOUT && fl_now() >= mine->booking.at) { /* else it is the context's cause */
        fl_bucket_keep(&limiter->bucket, &mine->booking);
        return 0;
    }
    fl_bucket_give_back(&limiter->bucket, &mine->booking);
    if (!limiter->line.inside)
        fl_bucket_only_kept(&limiter->bucket);
    return rc;
}

int filch_limiter_wait(filch_limiter *limiter, unsigned permits, filch_context *context,
                       int64_t until)
{
    int rc = fl_limiter_wait_refuse(context, until);
    if (rc)
        return rc;
    int64_t deadline = filch_context_deadline(context), now = fl_now();
    wish mine = {.permits = permits, .latest = deadline < until ? deadline : until};
    fl_line_lock(&limiter->line);
    rc = fl_bucket_book(&limiter->bucket, permits, now, mine.latest, &mine.booking);
    uint32_t burst = limiter->bucket.limit.burst;
    bool waits = !rc && mine.booking.at > now;
    if (waits)
        rc = await_booking(limiter, &mine, context);
    else if (!rc)
        fl_bucket_keep(&limiter->bucket, &mine.booking);
    fl_line_unlock(&limiter->line);
    return waits ? rc : told(rc, permits, burst);
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
    fl_line_lock(&limiter->line);
    fl_node *all = fl_waiters_claim_all(&limiter->line.waiters, NULL);
    for (fl_node *node = all; node; node = node->next, count++)
        fl_bucket_give_back(bucket, &((wish *)node->data)->booking);
    if (count == limiter->line.inside)
        fl_bucket_only_kept(bucket);
    fl_bucket_set(bucket, limit, now);
    for (fl_node *node = all; node; node = node->next)
        book_anew(bucket, node->data, now);
    fl_line_unlock(&limiter->line);
    fl_tell_list(all, MOVED);
}

int filch_limiter_set(filch_limiter *limiter, filch_limit limit)
{
    int rc = fl_limit_refuse(limit);
    if (!rc)
        fl_limiter_set(limiter, limit, fl_now());
    return rc;
}

/* ---- Queries ---- */

filch_limit filch_limiter_get(filch_limiter *limiter)
{
    fl_line_lock(&limiter->line);
    filch_limit limit = limiter->bucket.limit;
    fl_line_unlock(&limiter->line);
    return limit;
}

unsigned filch_limiter_available(filch_limiter *limiter)
{
    int64_t now = fl_now();
    fl_line_lock(&limiter->line);
    unsigned available = fl_bucket_available(&limiter->bucket, now);
    fl_line_unlock(&limiter->line);
    return available;
}

int64_t fl_limiter_full_at(filch_limiter *limiter)
{
    fl_line_lock(&limiter->line);
    int64_t full_at = fl_bucket_full_at(&limiter->bucket);
    fl_line_unlock(&limiter->line);
    return full_at;
}
