/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rolling window against a list of everything that was ever added. */
#include <inttypes.h>

#include <filch/breaker.h>
#include <math.h>
#include <runtime/resilience/breaker_state.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { ADDED = 3000 };

struct added {
    int64_t part; /* in which it was added */
    bool failed;
};

static struct added all[ADDED];

static fl_window window_of(unsigned size, int64_t span, int64_t now)
{
    fl_window window;
    void *room = malloc(fl_window_room(size, span));
    cr_assert_not_null(room);
    fl_window_init(&window, size, span, room, now);
    return window;
}

static void agrees(const fl_window *window, unsigned first, unsigned count)
{
    uint64_t failures = 0;
    for (unsigned i = first; i < count; i++)
        failures += all[i].failed;
    cr_assert_eq(window->calls, count - first, "%" PRIu64, window->calls);
    cr_assert_eq(window->failures, failures, "%" PRIu64, window->failures);
}

Test(breaker_window, counted_window_keeps_last_calls)
{
    static const unsigned sizes[] = {1, 2, 63, 64, 65, 1000, ADDED, ADDED + 1};
    uint64_t random = stress_seed();
    for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        unsigned size = sizes[s];
        fl_window window = window_of(size, 0, 0);
        for (unsigned i = 0; i < ADDED; i++) {
            random = stress_mix(random + i);
            all[i].failed = random % 3 == 0;
            fl_window_add(&window, all[i].failed, 0);
            agrees(&window, i + 1 > size ? i + 1 - size : 0, i + 1);
        }
        fl_window_clear(&window, 0);
        agrees(&window, 0, 0);
        free(window.room);
    }
}

/* Steps of nothing, of less than a part, of some parts, of more than all of them. */
static int64_t some_time(uint64_t random, int64_t span, unsigned size)
{
    int64_t most[] = {1, span, 3 * span, 3 * span * size};
    return (int64_t)((random >> 8) % (uint64_t)most[random % 16 > 3 ? 0 : random % 4]);
}

Test(breaker_window, timed_window_keeps_last_buckets)
{
    static const unsigned sizes[] = {1, 2, 10, 100};
    static const int64_t spans[] = {1, 7, 1000000};
    uint64_t random = stress_seed();
    for (unsigned c = 0; c < 12; c++) {
        unsigned size = sizes[c / 3], first = 0;
        int64_t span = spans[c % 3], begin = 12345, now = begin;
        fl_window window = window_of(size, span, now);
        for (unsigned i = 0; i < ADDED; i++) {
            random = stress_mix(random + i);
            now += some_time(random, span, size);
            all[i] = (struct added){(now - begin) / span, random >> 60 < 5};
            fl_window_add(&window, all[i].failed, now);
            while (all[first].part + size <= all[i].part)
                first++;
            agrees(&window, first, i + 1);
        }
        fl_window_age(&window, now - 5 * span);
        agrees(&window, first, ADDED);
        fl_window_age(&window, now + span * size);
        agrees(&window, 0, 0);
        free(window.room);
    }
}

Test(breaker_window, extreme_times_are_counted_correctly)
{
    fl_window window = window_of(3, INT64_MAX / 3 + 1, 0);
    fl_window_add(&window, true, INT64_MAX - 1);
    fl_window_add(&window, false, 0);
    fl_window_add(&window, true, INT64_MAX);
    cr_assert_eq(window.calls, 3);
    cr_assert_eq(window.failures, 2);
    free(window.room);
    window = window_of(10, 1, 0);
    fl_window_add(&window, true, 0);
    fl_window_add(&window, true, INT64_MAX);
    cr_assert_eq(window.calls, 1);
    free(window.room);
}

/* The configuration of a breaker. */

Test(breaker_config, bad_values_are_refused_by_name)
{
    static const struct {
        filch_breaker_config config;
        const char *says;
    } cases[] = {
        {{.calls = 1000001}, "calls = 1000001; give it 1 to 1000000, or 0"},
        {{.window_time = -1}, "window_time"},
        {{.window_time = 1, .buckets = 10001}, "buckets"},
        {{.failure_percent = 101}, "failure_percent"},
        {{.calls = 5, .min_calls = 6}, "min_calls = 6 of 5 calls"},
        {{.open_time = -1}, "open_time"},
        {{.open_time = INT64_MIN}, "open_time"},
        {{.open_time = 11, .open_most = 10}, "above open_most"},
        {{.open_growth = 0.99}, "open_growth"},
        {{.open_growth = -HUGE_VAL}, "open_growth"},
        {{.open_growth = NAN}, "open_growth"},
        {{.probes = 1000001}, "probes"},
        {{.successes = 1000001}, "successes"},
        {{.half_open_time = -5}, "half_open_time"},
    };
    filch_breaker *none = NULL;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(filch_breaker_create(&none, &cases[i].config), -EINVAL, "case %u", i);
        cr_assert_not_null(strstr(filch_error(), cases[i].says), "%s", filch_error());
    }
    cr_assert_eq(filch_breaker_create(NULL, NULL), -EINVAL);
    cr_assert_null(none, "untouched");
    filch_breaker_destroy(NULL);
}

Test(breaker_config, states_have_names)
{
    cr_assert_str_eq(filch_breaker_state_name(FILCH_BREAKER_CLOSED), "closed");
    cr_assert_str_eq(filch_breaker_state_name(FILCH_BREAKER_OPEN), "open");
    cr_assert_str_eq(filch_breaker_state_name(FILCH_BREAKER_HALF_OPEN), "half-open");
    cr_assert_str_eq(filch_breaker_state_name((filch_breaker_state)9), "unknown");
}
