/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The load that `filch-jobs plan` reads from pages of metrics. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <tools/jobs/plan_measure.h>
#include <tools/jobs/scrape.h>
#include <tools/shared/random.h>

static bool near(double value, double expected, double share)
{
    return fabs(value - expected) <= share * expected;
}

static scrape scrape_of(const char *text)
{
    scrape s = {0};
    scrape_add(&s, text);
    return s;
}

/* ---- Pages ---- */

Test(jobs_scrape, all_types_and_queues_are_added)
{
    scrape s =
        scrape_of("# HELP worker_task_duration_seconds Task processing duration.\n"
                  "worker_task_duration_seconds_bucket{task_type=\"a\",le=\"0.5\"} 2\n"
                  "worker_task_duration_seconds_bucket{task_type=\"a\",le=\"+Inf\"} 3\n"
                  "worker_task_duration_seconds_sum{task_type=\"a\"} 1.5\n"
                  "worker_task_duration_seconds_count{task_type=\"a\"} 3\n"
                  "worker_task_duration_seconds_bucket{le=\"0.1\",task_type=\"b\"} 1\n"
                  "worker_task_duration_seconds_bucket{le=\"0.5\",task_type=\"b\"} 1\n"
                  "worker_task_duration_seconds_bucket{le=\"+Inf\",task_type=\"b\"} 1\n"
                  "worker_task_duration_seconds_sum{task_type=\"b\"} 0.05 1700000000000\n"
                  "worker_task_duration_seconds_count{task_type=\"b\"} 1\n"
                  "worker_queue_depth{queue=\"x\"} 7\nworker_queue_depth{queue=\"y\"} 1\n"
                  "worker_queue_delayed{queue=\"x\"} NaN\nworker_queue_leased{queue=\"x\"} 2\n"
                  "worker_queue_counted_timestamp_seconds 1700000000.5");
    cr_assert(s.has_durations);
    cr_expect(s.runs == 4 && near(s.seconds, 1.55, 1e-12));
    cr_expect(s.waiting == 10 && s.counted == 1700000000.5,
              "a number that is not known is left out");
    cr_assert_eq(s.bucket_count, 3);
    cr_expect(s.buckets[0].to == 0.1 && s.buckets[0].runs == 1);
    cr_expect(s.buckets[1].to == 0.5 && s.buckets[1].runs == 3);
    cr_expect(isinf(s.buckets[2].to) && s.buckets[2].runs == 4);
}

Test(jobs_scrape, labels_may_have_any_content)
{
    scrape s =
        scrape_of("worker_task_duration_seconds_count{task_type=\"a} 9\\\" le=\\\"1\\\\\"} 5\n"
                  "worker_task_duration_seconds_count{task_type=\"cut} 7\n"
                  "worker_task_duration_seconds_countess 3\n"
                  "worker_task_duration_seconds_count{task_type=\"b\"} none\n"
                  "worker_task_duration_seconds_count{task_type=\"c\"");
    cr_expect_eq(s.runs, 5, "%g", s.runs);
    s = scrape_of("{{{\"\\");
    cr_expect(!s.has_durations && s.runs == 0);
}

Test(jobs_scrape, workers_share_their_queues)
{
    scrape s = {0};
    scrape_add(&s, "worker_task_duration_seconds_count 2\nworker_queue_depth 30\n"
                   "worker_queue_counted_timestamp_seconds 1005");
    scrape_add(&s, "worker_task_duration_seconds_count 3\nworker_queue_depth 10\n"
                   "worker_queue_counted_timestamp_seconds 1001");
    cr_expect(s.runs == 5 && s.waiting == 30 && s.counted == 1005, "the latest count holds");
    scrape_add(&s, "worker_queue_depth 40\nworker_queue_counted_timestamp_seconds 1006");
    cr_expect(s.waiting == 40 && s.counted == 1006);
}

/* ---- Differences ---- */

static scrape page_of(double below, double above, double seconds, double waiting, double counted)
{
    return (scrape){.has_durations = true,
                    .runs = below + above,
                    .seconds = seconds,
                    .buckets = {{1, below}, {INFINITY, below + above}},
                    .bucket_count = 2,
                    .waiting = waiting,
                    .counted = counted};
}

Test(jobs_scrape, a_rate_is_that_of_runs_and_of_the_queues_growth)
{
    scrape from = page_of(100, 10, 90, 40, 1000), to = page_of(150, 20, 150, 90, 1005), change;
    cr_assert(scrape_since(&change, &from, &to));
    cr_expect(change.buckets[0].runs == 50 && change.buckets[1].runs == 10);
    cr_expect(near(plan_measured_service(&change), 1, 1e-12));
    cr_expect(near(plan_measured_rate(&change, 10), 60 / 10.0 + 50 / 5.0, 1e-12));
    to.counted = from.counted;
    cr_assert(scrape_since(&change, &from, &to));
    cr_expect(near(plan_measured_rate(&change, 10), 6, 1e-12), "no new count, no growth");
}

Test(jobs_scrape, a_worker_that_began_anew_is_noticed)
{
    scrape from = page_of(100, 10, 90, 0, 0), to = page_of(100, 9, 95, 0, 0), change;
    cr_expect_not(scrape_since(&change, &from, &to));
    to = page_of(99, 20, 95, 0, 0);
    cr_expect_not(scrape_since(&change, &from, &to), "a bucket fell");
    cr_expect(scrape_since(&from, &from, &from));
    cr_expect_eq(from.runs, 0);
}

/* ---- Variation ---- */

/* The change that a histogram with these bounds has of `runs` service times of draw(). */
static scrape histogram_of(double (*draw)(uint64_t *state), unsigned runs)
{
    static const double bounds[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, INFINITY};
    uint64_t state = 5;
    scrape s = {.runs = runs, .bucket_count = sizeof bounds / sizeof *bounds};
    for (unsigned i = 0; i < s.bucket_count; i++)
        s.buckets[i].to = bounds[i];
    for (unsigned i = 0; i < runs; i++) {
        double time = draw(&state);
        unsigned bucket = 0;
        while (time > bounds[bucket])
            bucket++;
        s.buckets[bucket].runs++;
        s.seconds += time;
    }
    return s;
}

static double constant(uint64_t *state)
{
    (void)state;
    return 0.02;
}

static double tiny(uint64_t *state)
{
    return random_share(state) * 2e-6;
}

static double exponential(uint64_t *state)
{
    return -0.2 * log(random_share(state));
}

/* Lognormal with a mean of 1.2 s and cv 2: some are above the last bound. */
static double wide(uint64_t *state)
{
    double spread = log1p(4), u = random_share(state), v = random_share(state);
    return 1.2 * exp(sqrt(spread * -2 * log(u)) * cos(2 * M_PI * v) - spread / 2);
}

static double two_kinds(uint64_t *state)
{
    return random_share(state) < 0.9 ? 0.03 : 3;
}

/* The error is that of the buckets, which are up to 2.5 times as wide as they begin. */
Test(jobs_scrape, the_histogram_tells_the_variation)
{
    static const struct {
        double (*draw)(uint64_t *state);
        double least, most; /* around the true cv: 0, 0.58, 1, 2, 2.73 */
    } all[] = {{constant, 0, 0.2},
               {tiny, 0.5, 0.65},
               {exponential, 0.95, 1.15},
               {wide, 1.8, 2.2},
               {two_kinds, 2.4, 2.9}};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        scrape s = histogram_of(all[i].draw, 100000);
        double cv = plan_measured_cv(&s);
        cr_expect(cv >= all[i].least && cv <= all[i].most, "%u: %g", i, cv);
    }
}
