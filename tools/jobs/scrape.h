/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The figures of a worker's /metrics that a plan needs, all types of jobs and all queues together. The
 * text has Prometheus' format 0.0.4. Pure functions; any thread. */
#ifndef JOBS_SCRAPE_H
#define JOBS_SCRAPE_H

#include <stdbool.h>

enum { SCRAPE_BUCKETS = 32 };

#define SCRAPE_DURATIONS "worker_task_duration_seconds"

typedef struct scrape_bucket {
    double to; /* seconds; the last one's is INFINITY */
    double
        runs; /* up to `to` in a scrape, all of them; scrape_since makes it those of the bucket */
} scrape_bucket;

typedef struct scrape {
    bool has_durations;                    /* the metric is there, with samples or without */
    double runs, seconds;                  /* handlers that have returned, and their time */
    scrape_bucket buckets[SCRAPE_BUCKETS]; /* by rising `to` */
    unsigned bucket_count;
    double waiting; /* jobs in the queues that are not finished, as far as they are known */
    double counted; /* Unix time of that count; 0: not known */
} scrape;

/* Adds the page of one worker to *out, which begins as {0}. The workers share their queues, so the
 * latest count of these replaces an earlier one. */
void scrape_add(scrape *out, const char *text);

/* The difference of two scrapes of the same workers; *out may be one of them. false: a number fell,
 * since a worker was started anew. */
bool scrape_since(scrape *out, const scrape *from, const scrape *to);

#endif
