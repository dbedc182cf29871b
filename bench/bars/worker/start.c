/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: from the start of filch-worker until its first job begins, and from SIGTERM to the end of
 * an idle one, in milliseconds. */
#include "brokers.h"
#include "process.h"
#include "queue.h"

static const double START_MS = 150, END_MS = 100;
static const double IDLE = 0.1; /* seconds without a job, before SIGTERM */

typedef struct lab {
    const char *url;
    bar_queue queue;
    double start[MEASURE_ROUNDS + 1], end[MEASURE_ROUNDS + 1]; /* ms */
} lab;

static void run(lab *l, int round)
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

static bool judge(const measure_options *options, const worker_setting *setting)
{
    int repeat = options->repeat;
    static lab l;
    char url[512], row[96];
    snprintf(url, sizeof url, "%s", setting->url());
    l.url = url;
    bar_queue_open(&l.queue, url);
    for (int round = 0; round <= repeat; round++)
        run(&l, round);
    bar_queue_close(&l.queue);
    snprintf(row, sizeof row, "%s: start to first job, ms", setting->name);
    bool reached =
        measure_judge(row, measure_spread_of(l.start + 1, repeat), MEASURE_AT_MOST, START_MS);
    snprintf(row, sizeof row, "%s: SIGTERM to the end, idle, ms", setting->name);
    return measure_judge(row, measure_spread_of(l.end + 1, repeat), MEASURE_AT_MOST, END_MS) &&
           reached;
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 0, "0");
    return worker_judge(&options, judge);
}
