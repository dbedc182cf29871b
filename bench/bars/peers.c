/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: fib without cutoff, one worker, against the best of oneTBB, libgomp and libomp, as time
 * per call. Each peer is a child process (program.h) whose program is named on the command line as
 * name=path. */
#include "measure.h"

#include "program.h"
#include "runtimes.h"

enum { PEERS_MOST = 4, PEER_N = 27 };

typedef struct own_job {
    filch_runtime *rt;
    int n;
    double seconds;
} own_job;

FILCH_TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

FILCH_TASK(long, timed, (own_job *, job))
{
    double from = measure_now();
    long answer = fib(self, job->n);
    job->seconds = measure_now() - from;
    return answer;
}

static double calls_of(int n)
{
    double calls = 1, before = 1;
    for (int i = 2; i <= n; i++) {
        double next = calls + before + 1;
        before = calls;
        calls = next;
    }
    return calls;
}

static long answer_of(int n)
{
    return (long)((calls_of(n - 1) + 1) / 2);
}

static void check(int n, long answer)
{
    measure_expect(answer == answer_of(n), "an answer is wrong");
}

/* All arms answer in seconds a call, since their sizes differ. */
static double own_once(void *context)
{
    own_job *job = context;
    check(job->n, FILCH_RUN(job->rt, timed, job));
    return job->seconds / calls_of(job->n);
}

static double peer_once(void *context)
{
    const program *p = context;
    peer_reply reply;
    if (!program_ask(p, &(peer_order){.kind = "fib", .count = PEER_N, .workers = 1}, &reply))
        program_die(p, "has no fib");
    check(PEER_N, (long)reply.answer);
    return reply.seconds / calls_of(PEER_N);
}

/* The peer that is fastest by its median. */
static int best_of(const measure_arm *arms, int count, int repeat)
{
    int best = 1;
    for (int i = 2; i < count; i++)
        if (measure_spread_of(arms[i].at, repeat).median <
            measure_spread_of(arms[best].at, repeat).median)
            best = i;
    return best;
}

int main(int argc, char **argv)
{
    static measure_arm arms[1 + PEERS_MOST];
    static program peers[PEERS_MOST];
    measure_options options = measure_read_options(argc, argv, 38, "N, of fib(N) by Filch");
    int count = 1;
    for (; optind < argc && count <= PEERS_MOST; optind++, count++) {
        program_start(&peers[count - 1], argv[optind]);
        arms[count] = (measure_arm){.name = peers[count - 1].name,
                                    .once = peer_once,
                                    .context = &peers[count - 1]};
    }
    own_job own = {.rt = runtime_of(1, NULL), .n = (int)options.size};
    arms[0] = (measure_arm){.name = "filch", .once = own_once, .context = &own};
    measure_race("fib, 1 worker", arms, count, 1e9, "ns a call", options.repeat);
    bool reached = count > 1;
    if (count > 1) {
        int best = best_of(arms, count, options.repeat);
        reached = measure_judge_ratio(measure_text("fib: best peer (%s) / filch", arms[best].name),
                                      &arms[best], &arms[0], options.repeat, MEASURE_AT_LEAST, 30);
    }
    for (int i = 0; i < count - 1; i++)
        program_stop(&peers[i]);
    filch_runtime_destroy(own.rt);
    return reached ? 0 : 1;
}
