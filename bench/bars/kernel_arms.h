/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Kernels of the table as arms: a column at some place, and serial copies for the ceiling. */
#ifndef BARS_KERNEL_ARMS_H
#define BARS_KERNEL_ARMS_H

#include "../kernels/table.h"
#include "copies.h"

typedef struct kernel_arm {
    const kernel *kernel;
    void *place; /* runtime or handpool; NULL: serial, on pinned threads */
    int copies;  /* serial: how many at once */
    kernel_run runs[2];
} kernel_arm;

static inline void kernel_arm_open(kernel_arm *arm, const kernel *k, enum kernel_size_name size,
                                   void *place, int copies)
{
    memset(arm, 0, sizeof *arm);
    arm->kernel = k;
    arm->place = place;
    arm->copies = copies;
    for (int i = 0; i < copies; i++) {
        arm->runs[i].size = &k->sizes[size];
        if (k->setup && k->setup(&arm->runs[i])) {
            fprintf(stderr, "%s: setup failed\n", k->name);
            exit(1);
        }
    }
}

static inline void kernel_arm_close(kernel_arm *arm)
{
    for (int i = 0; i < arm->copies; i++)
        if (arm->kernel->teardown)
            arm->kernel->teardown(&arm->runs[i]);
}

typedef struct kernel_copy {
    const kernel *kernel;
    kernel_run *run;
} kernel_copy;

static inline void kernel_copy_run(void *context)
{
    kernel_copy *copy = context;
    copy->kernel->run(NULL, copy->run);
}

static inline void kernel_arm_finish(kernel_arm *arm)
{
    for (int i = 0; i < arm->copies; i++) {
        if (arm->kernel->finish)
            arm->kernel->finish(&arm->runs[i]);
        if (!kernel_answer_is_right(&arm->runs[i])) {
            fprintf(stderr, "%s: wrong answer\n", arm->kernel->name);
            exit(1);
        }
    }
}

static inline double kernel_arm_once(void *context)
{
    kernel_arm *arm = context;
    double seconds;
    for (int i = 0; i < arm->copies; i++)
        if (arm->kernel->prepare)
            arm->kernel->prepare(&arm->runs[i]);
    if (arm->place) {
        double from = measure_now();
        arm->kernel->run(arm->place, &arm->runs[0]);
        seconds = measure_now() - from;
    } else {
        kernel_copy copies[2] = {{arm->kernel, &arm->runs[0]}, {arm->kernel, &arm->runs[1]}};
        void *contexts[2] = {&copies[0], &copies[1]};
        seconds = copies_run(kernel_copy_run, contexts, arm->copies);
    }
    kernel_arm_finish(arm);
    return seconds;
}

#endif
