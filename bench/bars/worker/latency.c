/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: end to end, from the time at which a job is due to be published until its handler, which
 * waits 1 ms, is about to return. Jobs are published at an even pace: half of the rate at which the
 * same service empties a queue, or at which it was filled; the lower one. A server or a publisher
 * that falls behind makes jobs late. */
#include "brokers.h"
#include "queue.h"
#include "serve.h"

#include <filch/timer.h>
#include <filch/wait.h>

enum { BODY = 256, BATCH = 100, JOBS_MOST = 200000, QUANTILES = 3 };
static const double SECONDS = 1.5; /* of publishing, in each round */
static const double TICK = 0.001;  /* between looks at the clock */

static const struct {
    const char *name;
    double q;
    enum measure_bound bound;
    double ms;
} quantiles[QUANTILES] = {{"p50", 0.5, MEASURE_REPORTED, 0},
                          {"p99", 0.99, MEASURE_AT_MOST, 20},
                          {"p99.9", 0.999, MEASURE_REPORTED, 0}};

typedef struct lab {
    const worker_setting *setting;
    const char *url;
    bar_queue queue;
    double start, pace; /* of this round; jobs a second */
    long jobs;
    double took[JOBS_MOST], confirmed[JOBS_MOST]; /* ms after its time */
    double at[QUANTILES][MEASURE_ROUNDS + 1], behind[MEASURE_ROUNDS + 1], paces[MEASURE_ROUNDS + 1];
} lab;

static double due(const lab *l, long number)
{
    return l->start + (double)number / l->pace;
}

static int wait_1_ms(filch_self self, filch_service_job *job, void *arg)
{
    lab *l = arg;
    const filch_message *message = filch_service_job_message(job);
    filch_sleep(FILCH_MILLISECOND);
    if (l) {
        long number = atol(message->id);
        l->took[number] = (measure_now() - due(l, number)) * 1e3;
    }
    return 0;
}

static filch_message job_of(const char *id)
{
    static const char body[BODY];
    return (filch_message){.id = id, .type = "wait", .body = body, .body_size = sizeof body};
}

/* ---- A service that runs on a thread ---- */

static void *serve(void *service)
{
    measure_check(filch_service_run(service));
    return NULL;
}

static void start(filch_service *service, pthread_t *thread)
{
    measure_expect(pthread_create(thread, NULL, serve, service) == 0, "no thread for the service");
}

static void wait_until_settled(filch_service *service, uint64_t jobs)
{
    filch_service_stats stats;
    do {
        measure_sleep(TICK);
        filch_service_stats_read(service, &stats, sizeof stats);
    } while (stats.settled < jobs);
}

static void stop(filch_service *service, pthread_t thread)
{
    measure_check(filch_service_stop(service, FILCH_FOREVER));
    pthread_join(thread, NULL);
    measure_check(filch_service_destroy(service));
}

/* ---- The rate ---- */

/* Jobs a second, into a queue or out of it: the lower one. */
static double full_rate(lab *l)
{
    const filch_handler handler = {.type = "wait", .fn = wait_1_ms};
    const filch_message job = job_of(NULL);
    pthread_t thread;
    filch_service *service = serve_create(l->url, &handler);
    serve_first(service, &l->queue, &job);
    double begun = measure_now();
    bar_queue_fill(&l->queue, &job, l->setting->jobs);
    double from = measure_now();
    start(service, &thread);
    wait_until_settled(service, (uint64_t)l->setting->jobs + 1);
    double seconds = measure_now() - from;
    stop(service, thread);
    bar_queue_check_empty(&l->queue);
    return (double)l->setting->jobs / (seconds > from - begun ? seconds : from - begun);
}

/* ---- At half of it ---- */

static void publish_some(lab *l, long from, unsigned count)
{
    char ids[BATCH][24];
    filch_message batch[BATCH];
    for (unsigned i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "%ld", from + i);
        batch[i] = job_of(ids[i]);
    }
    bar_queue_publish(&l->queue, batch, count);
    double now = measure_now();
    for (unsigned i = 0; i < count; i++)
        l->confirmed[from + i] = (now - due(l, from + i)) * 1e3;
}

static void publish_all(lab *l)
{
    l->start = measure_now();
    for (long next = 0; next < l->jobs;) {
        long ready = (long)((measure_now() - l->start) * l->pace) + 1;
        ready = ready < l->jobs ? ready : l->jobs;
        unsigned count = ready - next < BATCH ? (unsigned)(ready - next) : BATCH;
        if (count)
            publish_some(l, next, count);
        else
            measure_sleep(TICK);
        next += count;
    }
}

static void run_paced(lab *l)
{
    const filch_handler handler = {.type = "wait", .fn = wait_1_ms, .arg = l};
    pthread_t thread;
    filch_service *service = serve_create(l->url, &handler);
    const filch_message first = job_of("0"); /* runs again, at its time */
    serve_first(service, &l->queue, &first);
    start(service, &thread);
    publish_all(l);
    wait_until_settled(service, (uint64_t)l->jobs + 1);
    stop(service, thread);
}

static void run(lab *l, int round)
{
    l->pace = full_rate(l) / 2;
    l->jobs = (long)(l->pace * SECONDS);
    l->jobs = l->jobs < JOBS_MOST ? l->jobs : JOBS_MOST;
    run_paced(l);
    l->paces[round] = l->pace;
    for (int i = 0; i < QUANTILES; i++)
        l->at[i][round] = measure_quantile(l->took, (size_t)l->jobs, quantiles[i].q);
    l->behind[round] = measure_quantile(l->confirmed, (size_t)l->jobs, 0.99);
}

static bool judge(const measure_options *options, const worker_setting *setting)
{
    int repeat = options->repeat;
    static lab l;
    char url[512];
    bool reached = true;
    if (!setting->is_durable)
        return true;
    snprintf(url, sizeof url, "%s", setting->url());
    l.setting = setting;
    l.url = url;
    bar_queue_open(&l.queue, url);
    for (int round = 0; round <= repeat; round++)
        run(&l, round);
    bar_queue_close(&l.queue);
    printf("    %s: %.0f jobs a second; p99 until its publication is confirmed: %.3f ms\n",
           setting->name, measure_spread_of(l.paces + 1, repeat).median,
           measure_spread_of(l.behind + 1, repeat).median);
    for (int i = 0; i < QUANTILES; i++)
        reached &= measure_judge(measure_text("%s: end to end at half rate, %s, ms", setting->name,
                                              quantiles[i].name),
                                 measure_spread_of(l.at[i] + 1, repeat), quantiles[i].bound,
                                 quantiles[i].ms);
    return reached;
}

bool worker_latency(const bar *unused, const measure_options *options)
{
    return worker_judge(options, judge);
}
