/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: a loop that forks 10,000 tasks, then joins them, swept over the length of a task. It is
 * never slower on two workers than on one, faster than serial from 0.8 us, at the ceiling from 8
 * us. */
#include "bars.h"

#include "../copies.h"
#include "../spin.h"

enum { TASKS = 10000 };
enum { ONE, TWO, ALONE, BOTH, ARMS };

typedef struct flat_length {
    double us;
    bool pays;    /* must be 1.7 times faster than serial */
    bool ceiling; /* must come near the ceiling */
} flat_length;

static const flat_length lengths[] = {
    {0.01, false, false}, {0.03, false, false}, {0.1, false, false},
    {0.3, false, false},  {0.8, true, false},   {2, true, false},
    {8, true, true},      {25, true, true},     {100, true, true},
};

typedef struct flat_job {
    filch_runtime *rt; /* NULL: serial */
    int copies;
    long turns;
    double seconds;
} flat_job;

FILCH_VOID_TASK(work, (long, turns))
{
    spin_turns(turns);
}

FILCH_VOID_TASK(flat, (flat_job *, job))
{
    double from = measure_now();
    for (int i = 0; i < TASKS; i++)
        FILCH_FORK(work, job->turns);
    for (int i = 0; i < TASKS; i++)
        FILCH_JOIN_VOID(work);
    job->seconds = measure_now() - from;
}

static void serial(void *context)
{
    const flat_job *job = context;
    for (int i = 0; i < TASKS; i++)
        spin_turns(job->turns);
}

static double once(void *context)
{
    flat_job *job = context;
    void *contexts[2] = {job, job};
    if (!job->rt)
        return copies_run(serial, contexts, job->copies);
    FILCH_RUN(job->rt, flat, job);
    return job->seconds;
}

static bool judge(const flat_length *length, const measure_arm *arms, int repeat)
{
    bool reached =
        measure_judge_ratio(measure_text("flat, %g us: 2 workers / 1 worker", length->us),
                            &arms[TWO], &arms[ONE], repeat, MEASURE_AT_MOST, 1.1);
    reached &= measure_judge_ratio(measure_text("flat, %g us: serial / 2 workers", length->us),
                                   &arms[ALONE], &arms[TWO], repeat,
                                   length->pays ? MEASURE_AT_LEAST : MEASURE_REPORTED, 1.7);
    return measure_judge(measure_text("flat, %g us: speed-up over serial / ceiling", length->us),
                         measure_of_ceiling(&arms[ALONE], &arms[TWO], &arms[ALONE], &arms[BOTH],
                                            repeat),
                         length->ceiling ? MEASURE_AT_LEAST : MEASURE_REPORTED, 0.95) &&
           reached;
}

bool flat_judge(const bar *unused, const measure_options *options)
{
    static measure_arm arms[ARMS];
    static const char *const names[ARMS] = {"1 worker", "2 workers", "one alone", "two copies"};
    flat_job jobs[ARMS] = {{.rt = runtime_of(1, NULL)},
                           {.rt = runtime_of(2, NULL)},
                           {.copies = 1},
                           {.copies = 2}};
    double turns_per_us = spin_turns_per_us();
    bool reached = true;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        if (options->size && fabs((double)options->size - lengths[i].us * 1000) > 0.5)
            continue;
        for (int k = 0; k < ARMS; k++) {
            jobs[k].turns = (long)(lengths[i].us * turns_per_us);
            arms[k] = (measure_arm){.name = names[k], .once = once, .context = &jobs[k]};
        }
        measure_race("flat loop", arms, ARMS, 1e9 / TASKS, "ns a task", options->repeat);
        reached &= judge(&lengths[i], arms, options->repeat);
    }
    filch_runtime_destroy(jobs[ONE].rt);
    filch_runtime_destroy(jobs[TWO].rt);
    return reached;
}
