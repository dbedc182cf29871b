/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "plan_metrics.h"

#include "fetch.h"
#include "plan_measure.h"

#include <errno.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    return (double)filch_now() / (double)FILCH_SECOND;
}

static void sleep_for(int64_t ns)
{
    const int64_t due = filch_now() + ns;
    const struct timespec at = {due / FILCH_SECOND, due % FILCH_SECOND};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static int add_place(const jobs_options *o, const char *place, scrape *out)
{
    const fl_key key = {.secrecy = FL_KEY_URL};
    char why[FETCH_WHY], *text = fetch_text(place, why);
    fl_shown shown = fl_show_value(&key, place);
    if (!text) {
        fprintf(stderr, "%s: cannot read --metrics %s: %s\n", o->command, shown.text, why);
        return JOBS_REFUSED;
    }
    out->has_durations = false;
    scrape_add(out, text);
    free(text);
    return out->has_durations
               ? 0
               : jobs_usage(o,
                            "--metrics %s has no " SCRAPE_DURATIONS " (give /metrics of a worker)",
                            shown.text);
}

/* *at: the time in seconds, halfway through the reading. */
static int read_all(const jobs_options *o, scrape *out, double *at)
{
    int status = 0;
    double from = now();
    *out = (scrape){0};
    for (size_t i = 0; i < o->metrics_count && !status; i++)
        status = add_place(o, o->metrics[i], out);
    *at = (from + now()) / 2;
    return status;
}

static bool all_are_urls(const jobs_options *o)
{
    size_t i = 0;
    while (i < o->metrics_count && fetch_is_url(o->metrics[i]))
        i++;
    return i == o->metrics_count;
}

/* *seconds: between two readings; 0: there was only one, since the workers began. */
static int read_change(const jobs_options *o, scrape *change, double *seconds)
{
    scrape later, none = {0};
    double first = 0, second;
    bool twice = all_are_urls(o);
    int status = read_all(o, change, &first);
    if (status || !twice) {
        *seconds = 0;
        scrape_since(change, &none, change);
        return status;
    }
    sleep_for(o->over);
    status = read_all(o, &later, &second);
    if (status)
        return status;
    *seconds = second - first;
    if (scrape_since(change, change, &later))
        return 0;
    fprintf(stderr, "%s: a worker of --metrics was started anew between two readings (try again)\n",
            o->command);
    return JOBS_REFUSED;
}

static int refuse_without_runs(const jobs_options *o, double seconds)
{
    if (seconds > 0)
        fprintf(stderr,
                "%s: no handler returned in %.3g s (raise --over, or give --service-time)\n",
                o->command, seconds);
    else
        fprintf(stderr, "%s: no handler has returned (give --service-time)\n", o->command);
    return JOBS_REFUSED;
}

static int measure_rate(const jobs_options *o, const scrape *change, double seconds,
                        plan_load *load)
{
    if (seconds <= 0)
        return jobs_usage(o, "--rate is required with a file, which tells none (or give URLs)");
    load->rate = plan_measured_rate(change, seconds);
    if (load->rate > 0)
        return 0;
    fprintf(stderr, "%s: no job arrived in %.3g s (raise --over, or give --rate)\n", o->command,
            seconds);
    return JOBS_REFUSED;
}

int plan_read_metrics(const jobs_options *o, plan_load *load, double *runs)
{
    scrape change;
    double seconds;
    int status = read_change(o, &change, &seconds);
    if (status)
        return status;
    *runs = change.runs;
    bool has_time = o->service_time != 0, has_cv = o->service_cv >= 0;
    if ((!has_time || !has_cv) && !(change.runs > 0 && change.seconds > 0))
        return refuse_without_runs(o, seconds);
    if (!has_time)
        load->service = plan_measured_service(&change);
    if (!has_cv)
        load->service_cv = plan_measured_cv(&change);
    return o->rate != 0 ? 0 : measure_rate(o, &change, seconds, load);
}
