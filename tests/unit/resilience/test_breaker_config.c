/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configuration of a breaker. */
#include <filch/breaker.h>
#include <math.h>
#include <tests/support/test.h>

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
