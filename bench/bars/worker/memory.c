/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: resident memory of filch-worker, in MiB, while it runs 1,000 jobs of 1 KiB that sleep. The
 * body of such a job is a time, so a header makes up its size. When the worker ends, the jobs go
 * back to the queue for the next round. */
#include "brokers.h"
#include "process.h"
#include "queue.h"

enum { JOB_BYTES = 1024 };
static const double MOST_MIB = 32;

static double run(const char *url, long jobs)
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

static bool judge(const measure_options *options, const worker_setting *setting)
{
    bar_queue queue;
    char url[512], row[96];
    double mib[MEASURE_ROUNDS + 1];
    snprintf(url, sizeof url, "%s", setting->url());
    bar_queue_open(&queue, url);
    fill(&queue, options->size);
    for (int round = 0; round <= options->repeat; round++)
        mib[round] = run(url, options->size);
    bar_queue_close(&queue);
    snprintf(row, sizeof row, "%s: MiB resident, %ld jobs of 1 KiB run", setting->name,
             options->size);
    return measure_judge(row, measure_spread_of(mib + 1, options->repeat), MEASURE_AT_MOST,
                         MOST_MIB);
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 1000, "JOBS");
    return worker_judge(&options, judge);
}
