/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: the cost of a fork and a join. fib without cutoff on one worker against its serial elision
 * and against the plain recursion that may not be inlined, all on that worker, in four calling
 * contexts. Built four times, as C and as C++ by gcc and by clang. */
#include "measure.h"

#include "fib.h"
#include "runtimes.h"

typedef struct fib_bounds {
    double elision, plain;
} fib_bounds;

#ifdef __clang__
static const fib_bounds bounds = {1.55, 0.9};
#define COMPILER "clang"
#else
static const fib_bounds bounds = {1.55, 0.5};
#define COMPILER "gcc"
#endif
#ifdef __cplusplus
#define LANGUAGE "C++"
#else
#define LANGUAGE "C"
#endif

enum fib_way { FIB_FORKED, FIB_ELISION, FIB_PLAIN, FIB_WAYS };

typedef struct fib_job {
    filch_runtime *rt;
    const fib_context *context;
    enum fib_way way;
    int n;
    long answer;
    double seconds;
} fib_job;

FILCH_VOID_TASK(timed, (fib_job *, job))
{
    double from = measure_now();
    job->answer = job->way == FIB_FORKED    ? job->context->forked(self, job->n)
                  : job->way == FIB_ELISION ? job->context->elision(job->n)
                                            : job->context->plain(job->n);
    job->seconds = measure_now() - from;
}

static long fib_of(int n)
{
    long a = 0, b = 1;
    for (int i = 0; i < n; i++) {
        long c = a + b;
        a = b;
        b = c;
    }
    return a;
}

static double once(void *context)
{
    fib_job *job = (fib_job *)context;
    FILCH_RUN(job->rt, timed, job);
    if (job->answer != fib_of(job->n)) {
        fprintf(stderr, "fib(%d) = %ld is wrong\n", job->n, job->answer);
        exit(1);
    }
    return job->seconds;
}

static bool measure_context(filch_runtime *rt, const fib_context *context,
                            const measure_options *options)
{
    static const char *const names[FIB_WAYS] = {"fork/join", "elision", "plain calls"};
    static measure_arm arms[FIB_WAYS];
    fib_job jobs[FIB_WAYS];
    int n = context->constant ? FIB_CONSTANT : (int)options->size;
    int ways = context->plain ? FIB_WAYS : FIB_PLAIN;
    double calls = 2.0 * (double)fib_of(n + 1) - 1;
    char what[96];
    bool reached;
    for (int way = 0; way < ways; way++) {
        fib_job job = {rt, context, (enum fib_way)way, n, 0, 0};
        jobs[way] = job;
        arms[way].name = names[way];
        arms[way].once = once;
        arms[way].context = &jobs[way];
    }
    measure_interleaved(arms, ways, options->repeat);
    for (int way = 0; way < ways; way++)
        measure_show(context->name, &arms[way], 1e9 / calls, "ns a call", options->repeat);
    snprintf(what, sizeof what, "fib(%d), %s %s, %s: fork/join / elision", n, COMPILER, LANGUAGE,
             context->name);
    reached = measure_judge(what, measure_ratio(&arms[0], &arms[1], 1, options->repeat),
                            MEASURE_AT_MOST, bounds.elision);
    if (!context->plain)
        return reached;
    snprintf(what, sizeof what, "fib(%d), %s %s, %s: fork/join / plain calls", n, COMPILER,
             LANGUAGE, context->name);
    return measure_judge(what, measure_ratio(&arms[0], &arms[2], 1, options->repeat),
                         MEASURE_AT_MOST, bounds.plain) &&
           reached;
}

int main(int argc, char **argv)
{
    const fib_context *contexts[] = {&fib_constant, &fib_variable, &fib_from_noinline, &fib_apart};
    measure_options options = measure_read_options(argc, argv, FIB_CONSTANT, "N, of fib(N)");
    filch_runtime *rt = runtime_of(1, NULL);
    bool reached = true;
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++)
        if (measure_wanted(&options, contexts[i]->name))
            reached = measure_context(rt, contexts[i], &options) && reached;
    filch_runtime_destroy(rt);
    return reached ? 0 : 1;
}
