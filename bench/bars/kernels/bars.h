/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of this folder, and kernels of the table as arms: a column at some place, and serial
 * copies for the ceiling. */
#ifndef BARS_KERNELS_BARS_H
#define BARS_KERNELS_BARS_H

#include "../../kernels/table.h"
#include "../bar.h"
#include "../copies.h"
#include "../runtimes.h"

bar_judge speedup_judge;
bar_judge central_judge, central_tree;
bar_judge swap_judge;
bar_judge trace_steals, trace_tasks, trace_span;

static inline const kernel_row *kernel_row_of(const char *name)
{
    const kernel_row *row = kernel_find(name);
    measure_expect(row, "a kernel is not in the table of kernels");
    return row;
}

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
        measure_expect(!k->setup || !k->setup(&arm->runs[i]), "a kernel has no input");
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
        measure_expect(kernel_answer_is_right(&arm->runs[i]), "a kernel's answer is wrong");
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
