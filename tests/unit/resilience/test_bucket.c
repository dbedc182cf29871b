/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/token_bucket.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static fl_bucket with(uint32_t rate, uint32_t burst, int64_t period)
{
    fl_bucket bucket;
    filch_limit limit = {.rate = rate, .burst = burst, .period = period};
    cr_assert_eq(fl_limit_refuse(limit), 0);
    fl_bucket_init(&bucket, limit);
    return bucket;
}

static fl_booking book(fl_bucket *bucket, unsigned permits, int64_t now)
{
    fl_booking booking = {0};
    cr_assert_eq(fl_bucket_book(bucket, permits, now, FILCH_FOREVER, &booking), 0);
    cr_assert_geq(booking.at, now);
    return booking;
}

Test(bucket, ten_seconds_hold_burst_plus_rate)
{
    static const struct {
        uint32_t rate, burst;
    } cases[] = {{1, 1}, {1, 5}, {1000, 1}, {1000, 20}, {100000, 1}, {100000, 100}};
    for (unsigned c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        fl_bucket bucket = with(cases[c].rate, cases[c].burst, 0);
        int64_t start = 12345, end = start + 10 * FILCH_SECOND;
        uint64_t permits = 0;
        while (book(&bucket, 1, start).at <= end)
            permits++;
        cr_assert_eq(permits, cases[c].burst + 10ull * cases[c].rate);
    }
}

Test(bucket, late_requests_get_full_rate_only)
{
    fl_bucket bucket = with(100000, 100, 0);
    fl_booking booking;
    uint64_t permits = 0, random = stress_seed();
    int64_t now = 0;
    while (now < 10 * FILCH_SECOND) { /* in fewer than 1 ms the burst is never full */
        if (!fl_bucket_book(&bucket, 1, now, now, &booking))
            permits++;
        else
            now += 1 + (int64_t)((random = stress_mix(random)) % 900000);
    }
    cr_assert(rates_allow(bucket.limit, permits, now));
    cr_assert_geq(permits, 1000000);
}

Test(bucket, no_rounding_adds_up)
{
    fl_bucket bucket = with(3, 1, 0);
    for (int64_t i = 0; i < 3000000; i++) {
        int64_t at = book(&bucket, 1, 0).at;
        cr_assert_eq(at, (i * FILCH_SECOND + 2) / 3, "permit %lld", (long long)i);
    }
    bucket = with(1000000000, 7, 1);
    for (int64_t i = 0; i < 3000000; i++)
        cr_assert_eq(book(&bucket, 1, 0).at, i < 7 ? 0 : (i - 7) / 1000000000 + 1);
}

Test(bucket, idleness_saves_at_most_burst)
{
    fl_bucket bucket = with(10, 3, 0);
    int64_t now = 1000 * FILCH_SECOND;
    cr_assert_eq(fl_bucket_available(&bucket, now), 3);
    cr_assert_eq(book(&bucket, 3, now).at, now);
    cr_assert_eq(fl_bucket_available(&bucket, now), 0);
    cr_assert_eq(fl_bucket_available(&bucket, now + FILCH_SECOND / 10), 1);
    cr_assert_eq(fl_bucket_full_at(&bucket), now + 3 * FILCH_SECOND / 10);
    cr_assert_eq(book(&bucket, 1, now).at, now + FILCH_SECOND / 10);
    cr_assert_eq(fl_bucket_available(&bucket, now + 100 * FILCH_SECOND), 3);
}

Test(bucket, booking_past_deadline_is_refused)
{
    fl_bucket bucket = with(10, 2, 0);
    fl_booking booking = {.at = -1};
    book(&bucket, 2, 0);
    cr_assert_eq(fl_bucket_book(&bucket, 1, 0, FILCH_SECOND / 10 - 1, &booking), -ETIMEDOUT);
    cr_assert_eq(booking.at, -1);
    cr_assert_eq(fl_bucket_book(&bucket, 1, 0, FILCH_SECOND / 10, &booking), 0);
    cr_assert_eq(booking.at, FILCH_SECOND / 10);
    cr_assert_eq(fl_bucket_book(&bucket, 2, FILCH_SECOND, 0, &booking), 0, "now is not too late");
}

Test(bucket, too_many_and_none_are_refused)
{
    fl_bucket bucket = with(10, 2, 24 * 3600 * FILCH_SECOND);
    fl_booking booking;
    cr_assert_eq(fl_bucket_book(&bucket, 3, 0, FILCH_FOREVER, &booking), -EINVAL);
    cr_assert_eq(fl_bucket_book(&bucket, 0, 0, FILCH_FOREVER, &booking), -EINVAL);
    cr_assert_eq(fl_bucket_book(&bucket, 1, FILCH_FOREVER - 1, FILCH_FOREVER, &booking), 0);
    cr_assert_eq(fl_bucket_book(&bucket, 2, FILCH_FOREVER - 1, FILCH_FOREVER, &booking),
                 -EOVERFLOW);
    bucket = with(1, INT32_MAX, 24 * 3600 * FILCH_SECOND);
    int rc = 0;
    for (unsigned i = 0; i < 1000 && !rc; i++)
        rc = fl_bucket_book(&bucket, INT32_MAX, 0, FILCH_FOREVER, &booking);
    cr_assert_eq(rc, -EOVERFLOW);
}

Test(bucket, bad_limits_are_refused)
{
    static const filch_limit bad[] = {{0, 1, 0},  {1000000001, 1, 0}, {1, 0, 0},
                                      {1, 1, -1}, {1, 1u << 31, 0},   {1, 1, INT64_MAX}};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(fl_limit_refuse(bad[i]), -EINVAL, "limit %u", i);
}

/* ---- Giving back ---- */

enum { LINE = 50 };

Test(bucket, giving_everything_back_leaves_nothing)
{
    fl_bucket bucket = with(10, 4, 0);
    fl_booking bookings[LINE];
    for (unsigned backwards = 0; backwards < 2; backwards++) {
        fl_position end = bucket.end;
        for (unsigned i = 0; i < LINE; i++)
            bookings[i] = book(&bucket, 1 + i % 4, FILCH_SECOND);
        for (unsigned i = 0; i < LINE; i++)
            cr_assert(fl_bucket_give_back(&bucket, &bookings[backwards ? LINE - 1 - i : i]));
        cr_assert_eq(bucket.gaps, 0);
        cr_assert(bucket.end == end || bucket.end == (fl_position)FILCH_SECOND * 10);
        cr_assert_eq(fl_bucket_available(&bucket, FILCH_SECOND), 4);
    }
}

Test(bucket, next_booking_fills_gap)
{
    fl_bucket bucket = with(10, 1, 0);
    fl_booking bookings[4];
    for (unsigned i = 0; i < 4; i++)
        bookings[i] = book(&bucket, 1, 0);
    cr_assert(fl_bucket_give_back(&bucket, &bookings[1]));
    cr_assert_eq(book(&bucket, 1, 0).at, bookings[1].at);
    cr_assert_eq(book(&bucket, 1, 0).at, bookings[3].at + FILCH_SECOND / 10);
}

Test(bucket, narrow_gaps_are_left_for_fewer)
{
    fl_bucket bucket = with(10, 2, 0);
    fl_booking bookings[8];
    for (unsigned i = 0; i < 8; i++)
        bookings[i] = book(&bucket, 1, 0);
    cr_assert(fl_bucket_give_back(&bucket, &bookings[3]));
    cr_assert(fl_bucket_give_back(&bucket, &bookings[5]));
    cr_assert(fl_bucket_give_back(&bucket, &bookings[6]));
    cr_assert_eq(book(&bucket, 2, 0).at, bookings[6].at);
    cr_assert_eq(book(&bucket, 1, 0).at, bookings[3].at);
    cr_assert_eq(book(&bucket, 1, 0).at, bookings[7].at + FILCH_SECOND / 10);
}

Test(bucket, expired_gap_is_not_reused)
{
    fl_bucket bucket = with(10, 1, 0);
    fl_booking bookings[3];
    for (unsigned i = 0; i < 3; i++)
        bookings[i] = book(&bucket, 1, 0);
    cr_assert(fl_bucket_give_back(&bucket, &bookings[1]));
    cr_assert_eq(book(&bucket, 1, bookings[1].at + 1).at, bookings[2].at + FILCH_SECOND / 10);
}

Test(bucket, gaps_fill_in_order_dropping_earliest)
{
    fl_bucket bucket = with(10, 1, 0);
    fl_booking bookings[LINE];
    for (unsigned i = 0; i < LINE; i++)
        bookings[i] = book(&bucket, 1, 0);
    for (unsigned i = 1; i < LINE; i += 2)
        cr_assert(fl_bucket_give_back(&bucket, &bookings[i]));
    cr_assert_eq(bucket.gaps, FL_GAPS, "the last one has moved the end");
    for (unsigned i = 0; i < FL_GAPS; i++)
        cr_assert_eq(book(&bucket, 1, 0).at, bookings[LINE - 1 - 2 * (FL_GAPS - i)].at);
    cr_assert_eq(book(&bucket, 1, 0).at, bookings[LINE - 1].at);
}

Test(bucket, trimming_to_kept_bookings_loses_nothing)
{
    fl_bucket bucket = with(10, 1, 0);
    fl_booking bookings[LINE];
    for (unsigned i = 0; i < LINE; i++)
        bookings[i] = book(&bucket, 1, 0);
    fl_bucket_keep(&bucket, &bookings[2]);
    for (unsigned i = 0; i < LINE; i += 2)
        if (i != 2)
            cr_assert(fl_bucket_give_back(&bucket, &bookings[i]));
    for (unsigned i = 1; i < LINE; i += 2)
        cr_assert(fl_bucket_give_back(&bucket, &bookings[i]));
    fl_bucket_only_kept(&bucket);
    cr_assert_eq(bucket.end, bookings[2].stretch.to);
    book(&bucket, 1, 0);
    fl_bucket_set(&bucket, (filch_limit){.rate = 1, .burst = 1}, 0);
    fl_bucket_only_kept(&bucket);
    cr_assert_geq(bucket.end, 3 * (fl_position)FILCH_SECOND, "earlier bookings stay");
}

/* ---- Random requests, give-backs and changes ---- */

enum { GRANTS = 1500 };

typedef struct play {
    fl_bucket bucket;
    fl_booking bookings[GRANTS];
    grant grants[GRANTS];
    unsigned count;
    uint64_t random;
} play;

static uint64_t next(play *one)
{
    return one->random = stress_mix(one->random + 1);
}

/* One of the latest, in use or not. */
static void give_one_back(play *one)
{
    if (!one->count)
        return;
    unsigned back = (unsigned)(next(one) % 20), i = one->count - 1 - back % one->count;
    if (one->grants[i].permits)
        cr_assert(fl_bucket_give_back(&one->bucket, &one->bookings[i]));
    one->grants[i].permits = 0;
}

static void play_on(play *one)
{
    filch_limit limit = one->bucket.limit;
    int64_t now = 0, step = 1 + limit.period * 3 / limit.rate;
    while (one->count < GRANTS) {
        unsigned permits = 1 + (unsigned)(next(one) % limit.burst);
        uint64_t what = next(one) % 8;
        if (what < 2)
            give_one_back(one);
        else if (what < 4)
            now += (int64_t)(next(one) % (uint64_t)step) * (what == 2 ? 1 : permits);
        else if (!fl_bucket_book(&one->bucket, permits, now, what < 6 ? now : FILCH_FOREVER,
                                 &one->bookings[one->count]))
            one->grants[one->count] = (grant){one->bookings[one->count].at, permits}, one->count++;
    }
}

Test(bucket, no_time_span_exceeds_limit)
{
    static const filch_limit limits[] = {{1, 1, 0},        {3, 1, 0},   {7, 5, 0},
                                         {1000, 20, 0},    {999, 3, 0}, {100000, 100, 0},
                                         {3, 2, 1000000},  {17, 4, 5},  {1, 1, 3600 * FILCH_SECOND},
                                         {999999999, 8, 0}};
    uint64_t seed = stress_seed();
    for (unsigned round = 0; round < stress_times(5); round++)
        for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; i++) {
            static play one;
            one = (play){.random = seed + 100 * round + i};
            one.bucket = with(limits[i].rate, limits[i].burst, limits[i].period);
            play_on(&one);
            cr_assert(rates_kept(one.bucket.limit, one.grants, GRANTS), "limit %u", i);
        }
}

/* ---- Another limit ---- */

Test(bucket, a_new_limit_keeps_the_debt)
{
    fl_bucket bucket = with(10, 10, 0);
    int64_t now = FILCH_SECOND;
    fl_booking booking = book(&bucket, 4, now);
    fl_bucket_set(&bucket, (filch_limit){.rate = 1000, .burst = 10}, now);
    cr_assert_eq(fl_bucket_available(&bucket, now), 6);
    cr_assert_eq(fl_bucket_full_at(&bucket), now + 4 * FILCH_MILLISECOND);
    cr_assert_not(fl_bucket_give_back(&bucket, &booking), "its place is known no more");
    fl_bucket_set(&bucket, (filch_limit){.rate = 7, .burst = 5, .period = 100}, now);
    cr_assert_eq(fl_bucket_available(&bucket, now), 1);
    fl_bucket_set(&bucket, (filch_limit){.rate = 1, .burst = 2}, now);
    cr_assert_eq(fl_bucket_available(&bucket, now), 0);
    cr_assert_eq(book(&bucket, 1, now).at, now + 3 * FILCH_SECOND);
}
