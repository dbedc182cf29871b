/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: from submission to start on an idle runtime, against a bare futex hand-off with the same
 * pinning. One submitter blocks at once, another continues to compute for 100 us. Then CPU seconds
 * at 1,000 submissions a second. */
#include "bars.h"

#include "../latency.h"

static latency_lab lab;

typedef struct submission {
    latency_note *note;
    filch_u32 done; /* set by the detached task, release; read by the submitter */
} submission;

FILCH_VOID_TASK(note_start, (latency_note *, note))
{
    latency_note_start(note);
}

static void note_detached(filch_self self, void *arg)
{
    submission *s = arg;
    note_start(self, s->note);
    filch_u32_store(&s->done, 1, FILCH_RELEASE); /* D1: the note is complete */
}

static void submit(void *to, latency_note *note, bool computing)
{
    filch_runtime *rt = to;
    if (!computing) {
        FILCH_RUN(rt, note_start, note);
        return;
    }
    submission s = {.note = note};
    measure_check(filch_go(rt, note_detached, &s));
    latency_compute();
    while (!filch_u32_load(&s.done, FILCH_ACQUIRE)) /* D2: pairs with D1 */
        sched_yield();
}

/* One run of a second at 1,000 a second: CPU seconds of the process. */
static double rate_once(void *context)
{
    int place = *(const int *)context; /* -1: the runtime */
    double cpu = measure_cpu(), next = measure_now();
    for (int i = 0; i < 1000; i++) {
        next += 1e-3;
        if (place < 0)
            latency_submit_once(&lab);
        else
            latency_hand_over_once(&lab, place);
        double left = next - measure_now();
        if (left > 0)
            measure_sleep(left);
    }
    return measure_cpu() - cpu;
}

static bool judge_rate(int repeat)
{
    static measure_arm arms[1 + LATENCY_PLACES];
    static const char *const names[] = {"filch", "futex same CPU", "futex other CPU"};
    int places[1 + LATENCY_PLACES];
    latency_reset(&lab, false);
    for (int i = 0; i <= LATENCY_PLACES; i++) {
        places[i] = i - 1;
        arms[i] = (measure_arm){.name = names[i], .once = rate_once, .context = &places[i]};
    }
    measure_race("CPU at 1,000 a second", arms, 1 + LATENCY_PLACES, 1e3, "ms a second", repeat);
    return measure_judge_ratio(measure_text("CPU at 1,000 submissions a second / futex (%s CPU)",
                                            latency_made_name(&lab)),
                               &arms[0], &arms[1 + latency_made(&lab)], repeat, MEASURE_AT_MOST,
                               1.3);
}

bool submit_judge(const bar *unused, const measure_options *options)
{
    static const latency_bound bounds[] = {{"p50", 0.5, 1.3}, {"p99", 0.99, 1.5}};
    filch_runtime *rt = runtime_of(2, NULL);
    bool reached = true;
    lab.submit = submit;
    lab.to = rt;
    latency_open(&lab);
    if (measure_wanted(options, "blocking"))
        reached &= latency_judge(&lab, "submit -> start", false, (size_t)options->size, bounds);
    if (measure_wanted(options, "computing"))
        reached &= latency_judge(&lab, "submit -> start", true, (size_t)options->size, bounds);
    if (measure_wanted(options, "rate"))
        reached &= judge_rate(options->repeat);
    latency_close(&lab);
    filch_runtime_destroy(rt);
    return reached;
}
