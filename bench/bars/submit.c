/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: from submission to start on an idle runtime, with a submitter that blocks at once and
 * one that computes on for 100 us, against a bare futex hand-off with the same pinning; and CPU
 * seconds at 1,000 submissions a second. Both hand-offs are measured, to the submitter's CPU and
 * to another; the runtime is judged by the one it made more often. */
#include "measure.h"

#include "../micro/handoff.h"
#include "runtimes.h"
#include <filch/atomic.h>

enum { PLACES = 2, SAMPLES_MOST = 100000 };
enum place { SAME_CPU, OTHER_CPU };

typedef struct submission {
    double started;
    int cpu;
    filch_u32 done; /* set by the detached task, release; read by the submitter */
} submission;

typedef struct samples {
    double us[SAMPLES_MOST];
    size_t count, same; /* same: how many started on the submitter's CPU */
} samples;

typedef struct submit_lab {
    filch_runtime *rt;
    handoff *partner[PLACES];
    int cpus[2];
    bool computing; /* the submitter goes on for 100 us instead of blocking */
} submit_lab;

static samples ours, bare[PLACES];

FILCH_VOID_TASK(note_start, (submission *, s))
{
    s->started = measure_now();
    s->cpu = sched_getcpu();
}

static void note_detached(filch_self self, void *arg)
{
    submission *s = arg;
    note_start(self, s);
    filch_u32_store(&s->done, 1, FILCH_RELEASE); /* D1: the note is complete */
}

static void compute(double seconds)
{
    double from = measure_now();
    while (measure_now() - from < seconds)
        filch_pause();
}

static void add(samples *to, double seconds)
{
    if (to->count < SAMPLES_MOST)
        to->us[to->count++] = seconds * 1e6;
}

static void submit_once(const submit_lab *lab)
{
    submission s;
    memset(&s, 0, sizeof s);
    double from = measure_now();
    if (!lab->computing) {
        FILCH_RUN(lab->rt, note_start, &s);
    } else {
        if (filch_go(lab->rt, note_detached, &s))
            exit(1);
        compute(100e-6);
        while (!filch_u32_load(&s.done, FILCH_ACQUIRE)) /* D2: pairs with D1 */
            sched_yield();
    }
    add(&ours, s.started - from);
    ours.same += s.cpu == lab->cpus[SAME_CPU];
}

static void hand_over_once(const submit_lab *lab, int place)
{
    double from = measure_now();
    handoff_post(lab->partner[place]);
    if (lab->computing)
        compute(100e-6);
    handoff_wait(lab->partner[place]);
    add(&bare[place], handoff_started(lab->partner[place]) - from);
}

static bool judge_latency(submit_lab *lab, bool computing, size_t rounds)
{
    static const struct {
        const char *name;
        double q, bound;
    } quantiles[] = {{"p50", 0.5, 1.3}, {"p99", 0.99, 1.5}};
    const char *mode = computing ? "computing on" : "blocking";
    bool reached = true;
    char what[96];
    lab->computing = computing;
    ours.count = ours.same = bare[SAME_CPU].count = bare[OTHER_CPU].count = 0;
    for (size_t i = 0; i < rounds; i++) {
        measure_sleep(1e-3); /* the runtime is idle again, as in the bar */
        submit_once(lab);
        for (int place = 0; place < PLACES; place++) {
            measure_sleep(1e-3);
            hand_over_once(lab, place);
        }
    }
    int made = ours.same * 2 >= ours.count ? SAME_CPU : OTHER_CPU;
    printf("    submitter %s: %zu of %zu tasks started on its CPU\n", mode, ours.same, ours.count);
    for (int i = 0; i < 2; i++) {
        double q = quantiles[i].q, us = measure_quantile(ours.us, ours.count, q);
        double floors[PLACES] = {measure_quantile(bare[0].us, bare[0].count, q),
                                 measure_quantile(bare[1].us, bare[1].count, q)};
        printf("    %s: submit -> start %.2f us, futex same CPU %.2f us, other CPU %.2f us\n",
               quantiles[i].name, us, floors[SAME_CPU], floors[OTHER_CPU]);
        snprintf(what, sizeof what, "submit -> start, %s, %s / futex (%s CPU)", mode,
                 quantiles[i].name, made == SAME_CPU ? "same" : "other");
        reached = measure_judge_one(what, us / floors[made], MEASURE_AT_MOST, quantiles[i].bound) &&
                  reached;
    }
    return reached;
}

/* One run of a second at 1,000 a second: CPU seconds of the process. */
typedef struct rate_arm {
    submit_lab *lab;
    int place; /* -1: the runtime */
} rate_arm;

static double rate_once(void *context)
{
    const rate_arm *arm = context;
    double cpu = measure_cpu(), next = measure_now();
    for (int i = 0; i < 1000; i++) {
        next += 1e-3;
        if (arm->place < 0)
            submit_once(arm->lab);
        else
            hand_over_once(arm->lab, arm->place);
        double left = next - measure_now();
        if (left > 0)
            measure_sleep(left);
    }
    return measure_cpu() - cpu;
}

static bool judge_rate(submit_lab *lab, int repeat)
{
    static measure_arm arms[1 + PLACES];
    static const char *const names[] = {"filch", "futex same CPU", "futex other CPU"};
    rate_arm contexts[1 + PLACES];
    lab->computing = false;
    ours.count = ours.same = 0;
    for (int i = 0; i <= PLACES; i++) {
        contexts[i] = (rate_arm){lab, i - 1};
        arms[i] = (measure_arm){.name = names[i], .once = rate_once, .context = &contexts[i]};
    }
    measure_interleaved(arms, 1 + PLACES, repeat);
    for (int i = 0; i <= PLACES; i++)
        measure_show("CPU at 1,000 a second", &arms[i], 1e3, "ms a second", repeat);
    int made = ours.same * 2 >= ours.count ? SAME_CPU : OTHER_CPU;
    return measure_judge(made == SAME_CPU ? "CPU at 1,000 submissions a second / futex (same CPU)"
                                          : "CPU at 1,000 submissions a second / futex (other CPU)",
                         measure_ratio(&arms[0], &arms[1 + made], 1, repeat), MEASURE_AT_MOST, 1.3);
}

int main(int argc, char **argv)
{
    measure_options options =
        measure_read_options(argc, argv, 1000, "SUBMISSIONS for each latency");
    submit_lab lab = {.rt = runtime_of(2, NULL)};
    measure_cpus(lab.cpus);
    measure_pin(lab.cpus[SAME_CPU]);
    for (int place = 0; place < PLACES; place++)
        if (handoff_create(&lab.partner[place], lab.cpus[place])) {
            fputs("no partner\n", stderr);
            return 1;
        }
    bool reached = true;
    if (measure_wanted(&options, "blocking"))
        reached = judge_latency(&lab, false, (size_t)options.size) && reached;
    if (measure_wanted(&options, "computing"))
        reached = judge_latency(&lab, true, (size_t)options.size) && reached;
    if (measure_wanted(&options, "rate"))
        reached = judge_rate(&lab, options.repeat) && reached;
    for (int place = 0; place < PLACES; place++)
        handoff_destroy(lab.partner[place]);
    filch_runtime_destroy(lab.rt);
    return reached ? 0 : 1;
}
