/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: the literature on worker pools calls 10,000 tasks a minute, of which 99 in a hundred are
 * done within 5 s, a success; this exceeds both figures a hundred times. 1,000,000 jobs through a
 * bounded queue; each computes for 10 us, and one in 16 also waits for 1 ms, as if for a reply. A
 * job's time is from the call that submits it, which may have to wait for room, until its end. */
#include "bars.h"

#include "../spin.h"

enum { WORKERS = 2, WIDTH = 128, ROOM = 1000, JOB_US = 10, WAITS_EACH = 16 };

typedef struct million_job {
    double submitted, ended;
} million_job;

typedef struct million {
    filch_pool *pool;
    million_job *jobs;
    double *seconds; /* of each job */
    long count;
    uint64_t done;
    double p99; /* of the last run */
} million;

static long job_turns;
static const million_job *first;

static int work(filch_self self, filch_job *job, void *data)
{
    million_job *m = data;
    spin_turns(job_turns);
    int rc = (m - first) % WAITS_EACH == 0 ? filch_sleep(FILCH_MILLISECOND) : 0;
    m->ended = measure_now();
    return rc;
}

static double million_once(void *context)
{
    million *m = context;
    double from = measure_now();
    for (long i = 0; i < m->count; i++) {
        m->jobs[i].submitted = measure_now();
        measure_check(FILCH_SUBMIT(m->pool, work, &m->jobs[i]));
    }
    m->done = pool_settle(m->pool, m->done, m->count);
    double seconds = measure_now() - from;
    for (long i = 0; i < m->count; i++)
        m->seconds[i] = m->jobs[i].ended - m->jobs[i].submitted;
    m->p99 = measure_quantile(m->seconds, (size_t)m->count, 0.99);
    return seconds;
}

bool million_judge(const bar *unused, const measure_options *options)
{
    double rate[MEASURE_ROUNDS], patience[MEASURE_ROUNDS];
    million m = {.count = options->size,
                 .jobs = pool_memory((size_t)options->size, sizeof *m.jobs),
                 .seconds = pool_memory((size_t)options->size, sizeof *m.seconds)};
    m.pool = pool_with((filch_pool_config){
        .workers = WORKERS, .width = WIDTH, .order = FILCH_FIFO, .capacity = ROOM});
    first = m.jobs;
    job_turns = (long)(spin_turns_per_us() * JOB_US);
    for (int i = 0; i < options->repeat; i++) {
        double minutes = million_once(&m) / 60;
        rate[i] = (double)m.count / minutes / 10000;
        patience[i] = 5 / m.p99;
    }
    bool reached = measure_judge("tasks a minute / the literature's 10,000",
                                 measure_spread_of(rate, options->repeat), MEASURE_AT_LEAST, 100);
    reached &= measure_judge("the literature's 5 s / p99 of submit -> end",
                             measure_spread_of(patience, options->repeat), MEASURE_AT_LEAST, 100);
    filch_pool_destroy(m.pool);
    free(m.jobs);
    free(m.seconds);
    return reached;
}
