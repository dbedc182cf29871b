/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Kernels as arms that live in processes of their own (child.h): two OpenMP runtimes do not live in
 * one. Each child holds one place and one instance of the kernel; it restores its input, runs when
 * it is told to, checks the answer, and says how long the run took. The next arm's turn comes when
 * this one's threads have come to rest. */
#ifndef BARS_SERVED_H
#define BARS_SERVED_H

#include "../kernels/place.h"
#include "../peers/peer.h"
#include "child.h"

enum { SERVED_COPIES = 2 };

typedef struct served_reply {
    double from, till; /* of the run */
    uint64_t answer;
} served_reply;

typedef struct served_arm {
    kernel kernel;
    kernel_size size;
    kernel_place place;
    int copies; /* 2: two at once, each pinned to a CPU of its own */
    bool pinned;
    void *memory[SERVED_COPIES]; /* for each copy's data, or NULL */
    child_process children[SERVED_COPIES];
    uint64_t answer; /* of the last run */
} served_arm;

static inline void served_die(const served_arm *arm, const char *why)
{
    fprintf(stderr, "%s: %s\n", arm->kernel.name, why);
    exit(1);
}

/* Which copy this process is. */
typedef struct served_place {
    served_arm *arm;
    int copy, cpu;
} served_place;

static inline void served_serve(child_process *c, void *context)
{
    const served_place *place = context;
    served_arm *arm = place->arm;
    kernel_run run = {.size = &arm->size, .memory = arm->memory[place->copy]};
    const kernel *k = &arm->kernel;
    served_reply reply;
    if (arm->pinned)
        measure_pin(place->cpu);
    if (kernel_place_open(&arm->place, k) || (k->setup && k->setup(&run)))
        served_die(arm, "no place or no input for it");
    while (child_ordered(c)) {
        if (k->prepare)
            k->prepare(&run);
        reply.from = measure_now();
        k->run(arm->place.it, &run);
        reply.till = measure_now();
        if (k->finish)
            k->finish(&run);
        reply.answer = run.answer;
        if (!kernel_answer_is_right(&run))
            served_die(arm, "wrong answer");
        child_reply(c, &reply, sizeof reply);
    }
}

static inline void served_start(served_arm *arm)
{
    int cpus[2];
    measure_cpus(cpus);
    for (int i = 0; i < arm->copies; i++)
        child_start(&arm->children[i], arm->kernel.name, served_serve,
                    &(served_place){arm, i, cpus[i]});
}

static inline void served_stop(served_arm *arm)
{
    for (int i = 0; i < arm->copies; i++)
        child_stop(&arm->children[i]);
}

/* Seconds from the first start to the last end. */
static inline double served_once(void *context)
{
    served_arm *arm = context;
    served_reply replies[SERVED_COPIES];
    double from = 0, till = 0;
    for (int i = 0; i < arm->copies; i++)
        child_order(&arm->children[i]);
    for (int i = 0; i < arm->copies; i++) {
        child_await(&arm->children[i], &replies[i], sizeof replies[i]);
        from = i == 0 || replies[i].from < from ? replies[i].from : from;
        till = i == 0 || replies[i].till > till ? replies[i].till : till;
    }
    for (int i = 0; i < arm->copies; i++)
        child_rest(&arm->children[i]);
    arm->answer = replies[0].answer;
    return till - from;
}

#endif
