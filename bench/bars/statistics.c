/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: the cost of counting. UTS T1 on the library, and on the same sources compiled with
 * FL_UNCOUNTED, whose workers count nothing and read no clock for it. The bar compares processor
 * time of all threads: other programs' turns are not in it, and counting is nothing but
 * instructions. Each arm is this program once more, in a process of its own. LD_PRELOAD puts the
 * library that counts nothing before the other one, and the arm reports the one it has found. */
#include "child.h"

#include "../kernels/table.h"
#include "runtimes.h"
#include <filch/stats.h>

enum { COUNTED, UNCOUNTED, LIBRARIES, ARMS = 2 * LIBRARIES };

extern const kernel uts_t1_filch;

typedef struct arm {
    const char *preload; /* NULL: the library as it is */
    unsigned workers;
    int size;
    child_process child;
} arm;

typedef struct answer {
    double seconds;
    bool right, counts;
} answer;

/* ---- The arm: bar-statistics serve ORDERS REPLIES WORKERS SIZE ---- */

static int serve(char **argv)
{
    child_process c = {"arm", 0, atoi(argv[2]), atoi(argv[3])};
    filch_runtime *rt = runtime_for_kernels((unsigned)atoi(argv[4]), NULL);
    kernel_run run = {.size = &uts_t1_filch.sizes[atoi(argv[5])]};
    while (child_ordered(&c)) {
        filch_runtime_stats stats;
        double from = child_cpu(CLOCK_PROCESS_CPUTIME_ID);
        uts_t1_filch.run(rt, &run);
        answer reply = {.seconds = child_cpu(CLOCK_PROCESS_CPUTIME_ID) - from,
                        .right = run.answer == run.size->answer};
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
        reply.counts = stats.jobs_run > 0;
        child_reply(&c, &reply, sizeof reply);
    }
    return filch_runtime_destroy(rt);
}

static void become_arm(child_process *c, void *context)
{
    const arm *as = context;
    char number[4][16];
    if (as->preload)
        setenv("LD_PRELOAD", as->preload, 1);
    snprintf(number[0], sizeof number[0], "%d", c->orders);
    snprintf(number[1], sizeof number[1], "%d", c->replies);
    snprintf(number[2], sizeof number[2], "%u", as->workers);
    snprintf(number[3], sizeof number[3], "%d", as->size);
    execl("/proc/self/exe", "bar-statistics", "serve", number[0], number[1], number[2], number[3],
          (char *)NULL);
    perror("bar-statistics");
}

/* ---- The bar ---- */

static double once(void *context)
{
    arm *of = context;
    answer reply;
    child_order(&of->child);
    child_await(&of->child, &reply, sizeof reply);
    if (!reply.right)
        child_die(of->child.name, "wrong answer");
    if (reply.counts == (of->preload != NULL))
        child_die(of->child.name, "this is not the expected library");
    return reply.seconds;
}

int main(int argc, char **argv)
{
    static const char *const names[ARMS] = {"1 worker", "1 worker, uncounted", "2 workers",
                                            "2 workers, uncounted"};
    static measure_arm arms[ARMS];
    static arm each[ARMS];
    if (argc == 6 && !strcmp(argv[1], "serve"))
        return serve(argv);
    measure_options options =
        measure_read_options(argc, argv, KERNEL_FULL, "0 tiny, 1 quick, 2 full");
    for (int i = 0; i < ARMS; i++) {
        each[i] = (arm){.preload = i % LIBRARIES == UNCOUNTED ? UNCOUNTED_LIBRARY : NULL,
                        .workers = 1 + (unsigned)i / LIBRARIES,
                        .size = (int)options.size};
        arms[i] = (measure_arm){.name = names[i], .once = once, .context = &each[i]};
        child_start(&each[i].child, names[i], become_arm, &each[i]);
    }
    measure_interleaved(arms, ARMS, options.repeat);
    bool reached = true;
    for (int i = 0; i < ARMS; i += LIBRARIES) {
        for (int k = i; k < i + LIBRARIES; k++)
            measure_show("uts-t1", &arms[k], 1e3, "ms", options.repeat);
        reached &= measure_judge_ratio(measure_text("statistics: uts-t1, %s / uncounted", names[i]),
                                       &arms[i], &arms[i + UNCOUNTED], options.repeat,
                                       MEASURE_AT_MOST, 1.01);
    }
    for (int i = 0; i < ARMS; i++)
        child_stop(&each[i].child);
    return reached ? 0 : 1;
}
