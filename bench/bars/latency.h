/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From submission to start on something that is idle, against a bare futex hand-off with the same
 * pinning. Both hand-offs are measured, to the submitter's CPU and to another; a column is judged
 * by the one it made more often. */
#ifndef BARS_LATENCY_H
#define BARS_LATENCY_H

#include "measure.h"

#include "../micro/handoff.h"
#include <filch/atomic.h>

enum { LATENCY_PLACES = 2, LATENCY_MOST = 100000 };
enum latency_place { SAME_CPU, OTHER_CPU };

typedef struct latency_samples {
    double us[LATENCY_MOST];
    size_t count, same; /* same: how many started on the submitter's CPU */
} latency_samples;

/* A task's notes when it starts. */
typedef struct latency_note {
    double started;
    int cpu;
} latency_note;

typedef struct latency_lab {
    /* Submits something that fills in the note, and waits for it; computes on before that, if it is
     * to. */
    void (*submit)(void *to, latency_note *note, bool computing);
    void *to;
    handoff *partner[LATENCY_PLACES];
    int cpus[2];
    bool computing; /* the submitter goes on for 100 us instead of blocking */
    latency_samples ours, bare[LATENCY_PLACES];
} latency_lab;

typedef struct latency_bound {
    const char *name;
    double q, bound;
} latency_bound;

/* The calling thread, the submitter, is pinned. The lab is static: it is large. */
static inline void latency_open(latency_lab *lab)
{
    measure_cpus(lab->cpus);
    measure_pin(lab->cpus[SAME_CPU]);
    for (int place = 0; place < LATENCY_PLACES; place++)
        measure_expect(!handoff_create(&lab->partner[place], lab->cpus[place]), "no partner");
}

static inline void latency_close(latency_lab *lab)
{
    for (int place = 0; place < LATENCY_PLACES; place++)
        handoff_destroy(lab->partner[place]);
}

/* In what is submitted. */
static inline void latency_note_start(latency_note *note)
{
    note->started = measure_now();
    note->cpu = sched_getcpu();
}

static inline void latency_compute(void)
{
    double from = measure_now();
    while (measure_now() - from < 100e-6)
        filch_pause();
}

static inline void latency_add(latency_samples *to, double seconds)
{
    if (to->count < LATENCY_MOST)
        to->us[to->count++] = seconds * 1e6;
}

static inline void latency_submit_once(latency_lab *lab)
{
    latency_note note = {0};
    double from = measure_now();
    lab->submit(lab->to, &note, lab->computing);
    latency_add(&lab->ours, note.started - from);
    lab->ours.same += note.cpu == lab->cpus[SAME_CPU];
}

static inline void latency_hand_over_once(latency_lab *lab, int place)
{
    double from = measure_now();
    handoff_post(lab->partner[place]);
    if (lab->computing)
        latency_compute();
    handoff_wait(lab->partner[place]);
    latency_add(&lab->bare[place], handoff_started(lab->partner[place]) - from);
}

static inline void latency_reset(latency_lab *lab, bool computing)
{
    lab->computing = computing;
    lab->ours.count = lab->ours.same = 0;
    lab->bare[SAME_CPU].count = lab->bare[OTHER_CPU].count = 0;
}

/* The hand-off that was made more often. */
static inline enum latency_place latency_made(const latency_lab *lab)
{
    return lab->ours.same * 2 >= lab->ours.count ? SAME_CPU : OTHER_CPU;
}

static inline const char *latency_made_name(const latency_lab *lab)
{
    return latency_made(lab) == SAME_CPU ? "same" : "other";
}

/* Two bounds. */
static inline bool latency_judge(latency_lab *lab, const char *what, bool computing, size_t rounds,
                                 const latency_bound bounds[2])
{
    const char *mode = computing ? "computing on" : "blocking";
    bool reached = true;
    latency_reset(lab, computing);
    for (size_t i = 0; i < rounds; i++) {
        measure_sleep(1e-3); /* all is idle again, as in the bar */
        latency_submit_once(lab);
        for (int place = 0; place < LATENCY_PLACES; place++) {
            measure_sleep(1e-3);
            latency_hand_over_once(lab, place);
        }
    }
    printf("    submitter %s: %zu of %zu started on its CPU\n", mode, lab->ours.same,
           lab->ours.count);
    for (int i = 0; i < 2; i++) {
        double q = bounds[i].q, us = measure_quantile(lab->ours.us, lab->ours.count, q), floors[2];
        for (int place = 0; place < LATENCY_PLACES; place++)
            floors[place] = measure_quantile(lab->bare[place].us, lab->bare[place].count, q);
        printf("    %s: %s %.2f us, futex same CPU %.2f us, other CPU %.2f us\n", bounds[i].name,
               what, us, floors[SAME_CPU], floors[OTHER_CPU]);
        reached &=
            measure_judge_one(measure_text("%s, %s, %s / futex (%s CPU)", what, mode,
                                           bounds[i].name, latency_made_name(lab)),
                              us / floors[latency_made(lab)], MEASURE_AT_MOST, bounds[i].bound);
    }
    return reached;
}

#endif
