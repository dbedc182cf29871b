/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars of the program filch-worker: how long it takes to start and to end, and its memory. */
#include "process.h"
#include "brokers.h"
#include "queue.h"

/* ---- From its start until its first job begins; from SIGTERM to the end of an idle one ---- */

static const double START_MS = 150, END_MS = 100;
static const double IDLE = 0.1; /* seconds without a job, before SIGTERM */

typedef struct lab {
    const char *url;
    bar_queue queue;
    double start[MEASURE_ROUNDS + 1], end[MEASURE_ROUNDS + 1]; /* ms */
} lab;

static void start_and_stop(lab *l, int round)
{
    const filch_message job = {.type = "echo"};
    worker_process worker;
    int status;
    bar_queue_fill(&l->queue, &job, 1);
    double from = measure_now();
    worker_process_start(&worker, l->url, "10");
    worker_process_await(&worker, "\"processing task\"", 1);
    l->start[round] = (measure_now() - from) * 1e3;
    bar_queue_check_empty(&l->queue);
    measure_sleep(IDLE);
    l->end[round] = worker_process_stop(&worker, &status) * 1e3;
    if (status)
        worker_process_die("ended with another status than 0");
}

static bool judge_start(const measure_options *options, const worker_setting *setting)
{
    int repeat = options->repeat;
    static lab l;
    char url[512];
    snprintf(url, sizeof url, "%s", setting->url());
    l.url = url;
    bar_queue_open(&l.queue, url);
    for (int round = 0; round <= repeat; round++)
        start_and_stop(&l, round);
    bar_queue_close(&l.queue);
    bool reached = measure_judge(measure_text("%s: start to first job, ms", setting->name),
                                 measure_spread_of(l.start + 1, repeat), MEASURE_AT_MOST, START_MS);
    return measure_judge(measure_text("%s: SIGTERM to the end, idle, ms", setting->name),
                         measure_spread_of(l.end + 1, repeat), MEASURE_AT_MOST, END_MS) &&
           reached;
}

bool worker_start(const bar *unused, const measure_options *options)
{
    return worker_judge(options, judge_start);
}

/* ---- Its memory, in MiB, while it runs 1,000 jobs of 1 KiB that sleep ----
 *
 * The body of such a job is a time, so a header makes up its size. When the worker ends, the jobs go
 * back to the queue for the next round. */

enum { JOB_BYTES = 1024 };
static const double MOST_MIB = 32;

static double memory_of(const char *url, long jobs)
{
    char width[24];
    worker_process worker;
    int status;
    snprintf(width, sizeof width, "%ld", jobs);
    worker_process_start(&worker, url, width);
    worker_process_await(&worker, "\"processing task\"", (int)jobs);
    double mib = worker_process_memory(&worker, "VmRSS:") / 1024;
    worker_process_stop(&worker, &status);
    return mib;
}

static void fill(bar_queue *queue, long jobs)
{
    static const char body[] = "1h";
    char padding[JOB_BYTES];
    memset(padding, 'x', sizeof padding);
    padding[sizeof padding - sizeof body] = '\0';
    const filch_header header = {"padding", padding};
    const filch_message job = {.type = "sleep",
                               .body = body,
                               .body_size = sizeof body - 1,
                               .headers = &header,
                               .header_count = 1};
    bar_queue_fill(queue, &job, jobs);
}

static bool judge_memory(const measure_options *options, const worker_setting *setting)
{
    bar_queue queue;
    char url[512];
    double mib[MEASURE_ROUNDS + 1];
    snprintf(url, sizeof url, "%s", setting->url());
    bar_queue_open(&queue, url);
    fill(&queue, options->size);
    for (int round = 0; round <= options->repeat; round++)
        mib[round] = memory_of(url, options->size);
    bar_queue_close(&queue);
    return measure_judge(measure_text("%s: MiB resident, %ld jobs of 1 KiB run", setting->name,
                                      options->size),
                         measure_spread_of(mib + 1, options->repeat), MEASURE_AT_MOST, MOST_MIB);
}

bool worker_memory(const bar *unused, const measure_options *options)
{
    return worker_judge(options, judge_memory);
}
