/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: needs filch_jobs_parts */
#include <tests/support/test.h>

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <tools/jobs/plan_queue.h>
#include <tools/jobs/redact.h>
#include <tools/jobs/text.h>
#include <tools/shared/random.h>

Test(jobs_text, characters_are_those_of_utf8)
{
    static const struct {
        const char *text;
        size_t length;
    } all[] = {{"a", 1},
               {"\xc3\xa4", 2},
               {"\xe2\x82\xac", 3},
               {"\xf0\x9f\x98\x80", 4},
               {"\xf4\x8f\xbf\xbf", 4},
               {"\x80", 0},             /* no first byte */
               {"\xc3", 0},             /* cut */
               {"\xc3(", 0},            /* no second byte */
               {"\xc0\xaf", 0},         /* longer than needed */
               {"\xe0\x80\xaf", 0},     /* the same */
               {"\xf0\x80\x80\xaf", 0}, /* the same */
               {"\xed\xa0\x80", 0},     /* a surrogate */
               {"\xf4\x90\x80\x80", 0}, /* beyond Unicode */
               {"\xff", 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cr_expect_eq(text_character(all[i].text, strlen(all[i].text)), all[i].length, "%zu", i);
    cr_expect_eq(text_character("\xc3\xa4", 1), 0, "it ends in the character");
    cr_expect_eq(text_character("", 0), 0);
}

Test(jobs_text, a_terminal_gets_no_control_characters)
{
    static const struct {
        const char *text, *visible, *lines;
    } all[] = {{"plain \xc3\xa4", "plain \xc3\xa4", "plain \xc3\xa4"},
               {"\033[31m", "\\x1b[31m", "\\x1b[31m"},
               {"a\tb\n", "a\\x09b\\x0a", "a\tb\n"},
               {"\\x41", "\\x5cx41", "\\x5cx41"},
               {"\x9b"
                "2J",
                "\\x9b2J", "\\x9b2J"},
               {"\xc2\x9b"
                "2J",
                "\\xc2\\x9b2J", "\\xc2\\x9b2J"},
               {"\x7f\r", "\\x7f\\x0d", "\\x7f\\x0d"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char *visible = text_visible(all[i].text, strlen(all[i].text), false);
        char *lines = text_visible(all[i].text, strlen(all[i].text), true);
        cr_expect_str_eq(visible, all[i].visible);
        cr_expect_str_eq(lines, all[i].lines);
        free(visible);
        free(lines);
    }
    char *nul = text_visible("a\0b", 3, true);
    cr_expect_str_eq(nul, "a\\x00b");
    free(nul);
}

Test(jobs_text, a_reason_is_not_escaped_twice)
{
    char *reason = text_reason("exit 1: a\\nb\\x1b\n\033");
    cr_expect_str_eq(reason, "exit 1: a\\nb\\x1b\\x0a\\x1b");
    free(reason);
}

Test(jobs_text, invalid_bytes_are_replaced_in_json)
{
    char *valid = text_utf8("a\xff\xc3\xa4\xc3");
    cr_expect_str_eq(valid, "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd");
    cr_expect(text_is_utf8(valid, strlen(valid)));
    cr_expect_not(text_is_utf8("a\xff", 2));
    cr_expect(text_is_utf8("", 0));
    free(valid);
}

/* The vectors of RFC 4648, section 10: the beginnings of a word. */
Test(jobs_text, base64_is_that_of_the_rfc)
{
    static const char *const all[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                      "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char *text = text_base64("foobar", i);
        cr_expect_str_eq(text, all[i]);
        free(text);
    }
    char *high = text_base64("\xff\xfe\xfd", 3);
    cr_expect_str_eq(high, "//79");
    free(high);
}

Test(jobs_text, spans_have_two_units_at_most)
{
    static const struct {
        int64_t ms;
        const char *text;
    } all[] = {{-5, "0 ms"},          {0, "0 ms"},       {999, "999 ms"},       {1000, "1 s"},
               {59999, "59 s"},       {60000, "1 m"},    {61000, "1 m 1 s"},    {3600000, "1 h"},
               {5430000, "1 h 30 m"}, {86400000, "1 d"}, {273600000, "3 d 4 h"}};
    char text[48];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cr_expect_str_eq(text_span(all[i].ms * 1000000, text, sizeof text), all[i].text);
    cr_expect(strlen(text_span(INT64_MAX, text, sizeof text)) < sizeof text);
}

Test(jobs_text, secret_headers_are_recognised_by_name)
{
    static const char *const hidden[] = {"Authorization", "proxy-authorization", "Set-Cookie",
                                         "X-API-Key",     "db_password",         "ACCESS_TOKEN"};
    static const char *const shown[] = {"x-dlq-reason", "content", "", "author"};
    static const char *const more[] = {"content"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        cr_expect(redact_hides(hidden[i], NULL, 0), "%s", hidden[i]);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        cr_expect_not(redact_hides(shown[i], NULL, 0), "%s", shown[i]);
    cr_expect(redact_hides("My-Content", more, 1));
}

/* The formulas of `filch-jobs plan` against published values and a simulated queue. */

#define P99 0.01

static bool near(double value, double expected, double share)
{
    return fabs(value - expected) <= share * expected;
}

/* With few servers Erlang C has closed forms: rho for one, 2 rho^2 / (1 + rho) for two; for
 * three with 2 busy ones it is 4/9. */
Test(jobs_plan, erlang_c_has_its_closed_forms)
{
    cr_expect(near(plan_wait_probability(1, 0.7), 0.7, 1e-12));
    cr_expect(near(plan_wait_probability(2, 1.0), 1.0 / 3, 1e-12));
    cr_expect(near(plan_wait_probability(2, 1.6), 2 * 0.64 / 1.8, 1e-12));
    cr_expect(near(plan_wait_probability(3, 2.0), 4.0 / 9, 1e-12));
    double many = plan_wait_probability(100000, 99000);
    cr_expect(many > 0 && many < 0.01, "no overflow: %g", many);
}

Test(jobs_plan, single_server_matches_textbook_times)
{
    plan_load load = {.rate = 0.8, .service = 1, .arrival_cv = 1, .service_cv = 1};
    cr_expect(near(plan_mean_wait(&load, 1), 4, 1e-12), "rho s / (1 - rho)");
    cr_expect(near(plan_response_quantile(&load, 1, P99), 5 * log(100), 1e-6),
              "the response of M/M/1 is exponential with mean s / (1 - rho)");
    cr_expect(near(plan_wait_quantile(&load, 1, P99), 5 * log(80), 1e-6));
    load.service_cv = 0;
    cr_expect(near(plan_mean_wait(&load, 1), 2, 1e-12), "M/D/1: Pollaczek-Khinchine");
    load.service_cv = 2;
    cr_expect(near(plan_mean_wait(&load, 1), 10, 1e-12), "M/G/1: Pollaczek-Khinchine");
}

Test(jobs_plan, constant_load_never_waits)
{
    plan_load load = {.rate = 9, .service = 1};
    cr_expect_eq(plan_mean_wait(&load, 10), 0);
    cr_expect(near(plan_response_quantile(&load, 10, P99), 1, 1e-9));
}

Test(jobs_plan, least_server_count_is_barely_stable)
{
    plan_load load = {.rate = 30, .service = 0.1, .arrival_cv = 1, .service_cv = 1};
    cr_expect_eq(plan_least_servers(&load), 4, "3 servers would be busy always");
    load.rate = 29;
    cr_expect_eq(plan_least_servers(&load), 3);
}

Test(jobs_plan, fleet_is_smallest_meeting_target)
{
    for (unsigned long step = 1; step <= 10; step += 3)
        for (double cv = 0.5; cv <= 2; cv *= 2) {
            plan_load load = {.rate = 170, .service = 0.2, .arrival_cv = 1, .service_cv = cv};
            double target = 1.05 * plan_service_quantile(&load, P99);
            unsigned long found = plan_servers_for(&load, step, P99, target);
            cr_assert(found >= plan_least_servers(&load) && found % step == 0, "%lu", found);
            cr_expect(plan_response_quantile(&load, found, P99) <= target);
            if (found - step >= plan_least_servers(&load))
                cr_expect(plan_response_quantile(&load, found - step, P99) > target);
        }
    plan_load load = {.rate = 1, .service = 1, .arrival_cv = 1, .service_cv = 1};
    cr_expect_eq(plan_servers_for(&load, 1, P99, 1), 0, "below the service time alone");
}

/* ---- A simulated queue ---- */

enum { JOBS = 400000, WARM = 20000, SERVERS_MOST = 20 };

/* Exponential for cv 1, as in M/M/c; else lognormal. */
static double draw(uint64_t *state, double mean, double cv)
{
    double u = random_share(state), v = random_share(state);
    if (cv == 1)
        return -mean * log(u);
    double spread = log1p(cv * cv), normal = sqrt(-2 * log(u)) * cos(2 * M_PI * v);
    return mean * exp(sqrt(spread) * normal - spread / 2);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A job begins at its arrival, or when the first server is free. */
static void simulate(const plan_load *load, unsigned long servers, double *mean_wait, double *p99)
{
    static double responses[JOBS];
    double free_at[SERVERS_MOST] = {0}, now = 0, waits = 0;
    uint64_t state = 20;
    for (int i = -WARM; i < JOBS; i++) {
        size_t first = 0;
        now += draw(&state, 1 / load->rate, load->arrival_cv);
        for (size_t k = 1; k < servers; k++)
            if (free_at[k] < free_at[first])
                first = k;
        double begin = fmax(now, free_at[first]);
        free_at[first] = begin + draw(&state, load->service, load->service_cv);
        if (i < 0)
            continue;
        waits += begin - now;
        responses[i] = free_at[first] - now;
    }
    qsort(responses, JOBS, sizeof *responses, ascending);
    *mean_wait = waits / JOBS;
    *p99 = responses[(size_t)(JOBS * (1 - P99))];
}

/* M/M/c is exact: only the sample differs. Waits are correlated over some 1/(1-rho)^2 jobs, so that
 * 400,000 jobs are 4,000 independent ones at rho = 0.9, and a mean is within some 5 %. The means of
 * Allen and Cunneen are exact for one server with Poisson arrivals, and up to a quarter too high
 * elsewhere: the sample shows it for (10, 0.85, 1, 2). An exponential tail is too thin for long
 * lognormal service times on one server, where p99 is 17 % too low; else it is within a tenth. */
Test(jobs_plan, models_agree_with_simulated_queue)
{
    static const struct {
        unsigned long servers;
        double busy, arrival_cv, service_cv, mean_error, p99_error;
    } all[] = {{1, 0.7, 1, 1, 0.05, 0.05},     {4, 0.8, 1, 1, 0.05, 0.05},
               {20, 0.9, 1, 1, 0.08, 0.05},    {4, 0.8, 1, 0.5, 0.2, 0.1},
               {10, 0.85, 1, 2, 0.25, 0.1},    {4, 0.8, 1.5, 1.5, 0.2, 0.1},
               {10, 0.9, 0.5, 1.5, 0.25, 0.1}, {1, 0.8, 1, 2, 0.2, 0.2}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        plan_load load = {.rate = all[i].busy * (double)all[i].servers,
                          .service = 1,
                          .arrival_cv = all[i].arrival_cv,
                          .service_cv = all[i].service_cv};
        double wait, p99, wait_model = plan_mean_wait(&load, all[i].servers);
        double p99_model = plan_response_quantile(&load, all[i].servers, P99);
        simulate(&load, all[i].servers, &wait, &p99);
        cr_expect(near(wait_model, wait, all[i].mean_error), "%zu: mean wait %g, simulated %g", i,
                  wait_model, wait);
        cr_expect(near(p99_model, p99, all[i].p99_error), "%zu: p99 %g, simulated %g", i, p99_model,
                  p99);
    }
}
