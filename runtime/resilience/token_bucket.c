/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/token_bucket.h>

#include <runtime/platform/error.h>
#include <sched/assert.h>

#include <errno.h>
#include <string.h>

static const uint32_t most_rate = 1000000000;
static const int64_t longest_period = 24 * 3600 * FILCH_SECOND;

int fl_limit_refuse(filch_limit limit)
{
    if (!limit.rate || limit.rate > most_rate)
        return fl_fail(EINVAL, "a limit with a rate of %u; give it 1 to %u", limit.rate, most_rate);
    if (!limit.burst || limit.burst > INT32_MAX)
        return fl_fail(EINVAL, "a limit with a burst of %u; give it 1 to %d", limit.burst,
                       INT32_MAX);
    if (limit.period < 0 || limit.period > longest_period)
        return fl_fail(EINVAL, "a limit with a period of %lld ns; give it 1 ns to a day, or 0",
                       (long long)limit.period);
    return 0;
}

static filch_limit completed(filch_limit limit)
{
    if (!limit.period)
        limit.period = FILCH_SECOND;
    return limit;
}

void fl_bucket_init(fl_bucket *bucket, filch_limit limit)
{
    memset(bucket, 0, sizeof *bucket);
    bucket->limit = completed(limit);
}

/* ---- Positions ---- */

static fl_position position_of(const fl_bucket *bucket, int64_t time)
{
    return (fl_position)time * bucket->limit.rate;
}

static fl_position width_of(const fl_bucket *bucket, unsigned permits)
{
    return (fl_position)permits * bucket->limit.period;
}

static fl_position later(fl_position a, fl_position b)
{
    return a > b ? a : b;
}

/* Neither is negative, nor b 0. */
static fl_position divided_up(fl_position a, fl_position b)
{
    return (a + b - 1) / b;
}

/* At most the last time that a clock can show. */
static int64_t time_of(const fl_bucket *bucket, fl_position position)
{
    fl_position time = divided_up(position, bucket->limit.rate);
    return time > FILCH_FOREVER ? FILCH_FOREVER : (int64_t)time;
}

/* The time of permits that end there. */
static int64_t time_had(const fl_bucket *bucket, fl_position end, int64_t now)
{
    fl_position earliest = end - width_of(bucket, bucket->limit.burst);
    return earliest <= position_of(bucket, now) ? now : time_of(bucket, earliest);
}

/* ---- Gaps ---- */

static void remove_gap(fl_bucket *bucket, unsigned i)
{
    bucket->gaps--;
    memmove(&bucket->gap[i], &bucket->gap[i + 1], (bucket->gaps - i) * sizeof bucket->gap[0]);
}

/* Drops those in which there is no room for a permit any more. */
static void forget_gaps(fl_bucket *bucket, fl_position start)
{
    while (bucket->gaps > 0 && bucket->gap[0].to - start < bucket->limit.period)
        remove_gap(bucket, 0);
}

/* The index of the first that is wide enough; their number if none is. */
static unsigned find_gap(const fl_bucket *bucket, fl_position start, fl_position width)
{
    unsigned i = 0;
    while (i < bucket->gaps && bucket->gap[i].to - later(bucket->gap[i].from, start) < width)
        i++;
    return i;
}

/* All before the stretch has passed, or is too small. */
static void use_gap(fl_bucket *bucket, unsigned i, fl_position end)
{
    bucket->gap[i].from = end;
    if (bucket->gap[i].to - end < bucket->limit.period)
        remove_gap(bucket, i);
}

/* Does none overlap the one before it? */
static inline bool are_in_order(const fl_bucket *bucket)
{
    bool right = bucket->gaps <= FL_GAPS;
    for (unsigned i = 0; right && i < bucket->gaps; i++)
        right = bucket->gap[i].from <= bucket->gap[i].to &&
                (!i || bucket->gap[i - 1].to <= bucket->gap[i].from);
    return right;
}

static void add_gap(fl_bucket *bucket, fl_stretch stretch)
{
    unsigned i = 0;
    while (i < bucket->gaps && bucket->gap[i].to < stretch.from)
        i++;
    while (i < bucket->gaps && bucket->gap[i].from <= stretch.to) { /* they touch */
        if (bucket->gap[i].from < stretch.from)
            stretch.from = bucket->gap[i].from;
        stretch.to = later(stretch.to, bucket->gap[i].to);
        remove_gap(bucket, i);
    }
    if (bucket->gaps == FL_GAPS) { /* the earliest is lost */
        if (i == 0)
            return;
        remove_gap(bucket, 0);
        i--;
    }
    memmove(&bucket->gap[i + 1], &bucket->gap[i], (bucket->gaps - i) * sizeof bucket->gap[0]);
    bucket->gap[i] = stretch;
    bucket->gaps++;
    FL_ASSERT(are_in_order(bucket));
}

/* ---- Booking ---- */

int fl_bucket_book(fl_bucket *bucket, unsigned permits, int64_t now, int64_t latest,
                   fl_booking *out)
{
    if (!permits || permits > bucket->limit.burst)
        return -EINVAL;
    fl_position start = position_of(bucket, now), width = width_of(bucket, permits);
    forget_gaps(bucket, start);
    unsigned i = find_gap(bucket, start, width);
    bool in_gap = i < bucket->gaps;
    fl_position from = later(in_gap ? bucket->gap[i].from : bucket->end, start);
    int64_t at = time_had(bucket, from + width, now);
    if (at == FILCH_FOREVER)
        return -EOVERFLOW;
    if (at > now && at > latest)
        return -ETIMEDOUT;
    if (in_gap)
        use_gap(bucket, i, from + width);
    else
        bucket->end = from + width;
    *out = (fl_booking){at, bucket->changes, {from, from + width}};
    return 0;
}

static void end_at(fl_bucket *bucket, fl_position end)
{
    bucket->end = end;
    while (bucket->gaps > 0 && bucket->gap[bucket->gaps - 1].to >= bucket->end) {
        fl_position from = bucket->gap[--bucket->gaps].from;
        if (from < bucket->end)
            bucket->end = from;
    }
    if (bucket->kept > bucket->end)
        bucket->kept = bucket->end;
}

bool fl_bucket_give_back(fl_bucket *bucket, const fl_booking *booking)
{
    if (booking->changes != bucket->changes)
        return false;
    if (booking->stretch.to == bucket->end)
        end_at(bucket, booking->stretch.from);
    else
        add_gap(bucket, booking->stretch);
    return true;
}

void fl_bucket_keep(fl_bucket *bucket, const fl_booking *booking)
{
    if (booking->changes == bucket->changes)
        bucket->kept = later(bucket->kept, booking->stretch.to);
}

void fl_bucket_only_kept(fl_bucket *bucket)
{
    if (bucket->end > bucket->kept)
        end_at(bucket, bucket->kept);
}

/* ---- The limit ---- */

/* The position `missing` units after now, in units of another limit. */
static fl_position converted(fl_position missing, int64_t from, int64_t to)
{
    missing = later(missing, 0);
    return missing / from * to + divided_up(missing % from * to, from);
}

void fl_bucket_set(fl_bucket *bucket, filch_limit limit, int64_t now)
{
    int64_t from = bucket->limit.period, to = completed(limit).period;
    fl_position before = position_of(bucket, now);
    bucket->limit = completed(limit);
    fl_position after = position_of(bucket, now);
    for (unsigned i = 0; i < bucket->gaps; i++) {
        fl_stretch *gap = &bucket->gap[i];
        gap->from = after + converted(gap->from - before, from, to);
        gap->to = after + converted(gap->to - before, from, to);
    }
    bucket->end = after + converted(bucket->end - before, from, to);
    bucket->kept = bucket->end;
    bucket->changes++;
}

/* ---- Queries ---- */

unsigned fl_bucket_available(const fl_bucket *bucket, int64_t now)
{
    fl_position start = position_of(bucket, now);
    fl_position limit = start + width_of(bucket, bucket->limit.burst);
    fl_position widest = limit - later(bucket->end, start);
    for (unsigned i = 0; i < bucket->gaps; i++) {
        fl_position to = bucket->gap[i].to < limit ? bucket->gap[i].to : limit;
        widest = later(widest, to - later(bucket->gap[i].from, start));
    }
    return widest > 0 ? (unsigned)(widest / bucket->limit.period) : 0;
}

int64_t fl_bucket_full_at(const fl_bucket *bucket)
{
    return time_of(bucket, bucket->end);
}
