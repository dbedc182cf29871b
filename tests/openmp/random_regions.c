/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Random OpenMP regions. A seed selects a step, its sizes, its team and its nested steps; the same
 * seed also has a plain serial computation, and both must give the same number. Steps cover loops of
 * all schedules, ordered and doacross loops, scans, tasks with dependences, task groups, task loops,
 * detached tasks, reductions, locks, sections and cancellation.
 *
 * Usage: random_regions SEED COUNT [THREADS]. THREADS host threads run the seeds SEED, SEED + 1, ...
 * SEED + COUNT - 1 at the same time. The program sets OMP_CANCELLATION and starts itself again. */
#include "random_regions.h"

#include <inttypes.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH = 2 };

static const step *const tables[] = {loop_steps, team_steps, task_steps};
static unsigned step_count;

uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t size(uint64_t seed)
{
    return (seed >> 8) % MOST;
}

int width(uint64_t seed)
{
    return (seed >> 16) % 4 == 0 ? 1 + (int)((seed >> 18) % 4) : omp_get_max_threads();
}

static const step *chosen(uint64_t seed)
{
    unsigned left = (unsigned)((seed >> 32) % step_count);
    for (const step *const *table = tables;; table++)
        for (const step *one = *table; one->name; one++)
            if (left-- == 0)
                return one;
}

uint64_t leaf(uint64_t seed, uint64_t i, int depth, bool parallel)
{
    const uint64_t h = mix(seed ^ mix(i + 1));
    uint64_t x = h;
    for (uint64_t turn = h % 64; turn > 0; turn--)
        x = mix(x);
    if (depth > 0 && h % 16 == 0) {
        const step *nested = chosen(h);
        x += parallel ? nested->parallel(h, depth - 1) : nested->serial(h, depth - 1);
    }
    return x;
}

/* ---- Serial computations ---- */

uint64_t sum(uint64_t seed, int depth)
{
    uint64_t total = 0;
    for (uint64_t i = 0; i < size(seed); i++)
        total += leaf(seed, i, depth, false);
    return total;
}

uint64_t chain(uint64_t seed, int depth)
{
    uint64_t link = seed;
    for (uint64_t i = 0; i < size(seed); i++)
        link = mix(link + leaf(seed, i, depth, false));
    return link;
}

uint64_t zero(uint64_t seed, int depth)
{
    (void)seed, (void)depth;
    return 0;
}

uint64_t target(uint64_t seed, int depth)
{
    (void)depth;
    const uint64_t at = seed % (MOST + 8);
    return at < size(seed) ? at + 1 : 0;
}

/* ---- Runs ---- */

enum { PATIENCE = 60 }; /* seconds in which a seed must end */

static volatile uint64_t
    latest; /* the latest seed that a host thread started: a look of the handler */

/* A crash or a hang reports the seed and the step as well. */
static void stopped(int number)
{
    char text[160];
    const int length = snprintf(text, sizeof text, "seed %" PRIu64 ": step %s: %s\n", latest,
                                chosen(mix(latest))->name, number == SIGALRM ? "hangs" : "crashes");
    if (write(STDOUT_FILENO, text, (size_t)length) < 0)
        _exit(2);
    _exit(1);
}

static void watch(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], stopped);
}

typedef struct run {
    uint64_t first, count;
    unsigned failures; /* of all runs: changed by atomic constructs */
} run;

static void check(run *of, uint64_t number)
{
    const uint64_t seed = mix(number);
    const step *one = chosen(seed);
    latest = number;
    alarm(PATIENCE);
    omp_set_max_active_levels(1 + (int)(seed % 3));
    const uint64_t got = one->parallel(seed, DEPTH), right = one->serial(seed, DEPTH);
    if (got == right)
        return;
    printf("seed %" PRIu64 ": step %s: got %" PRIx64 ", must be %" PRIx64 "\n", number, one->name,
           got, right);
    fflush(stdout);
#pragma omp atomic
    of->failures++;
}

static void *host(void *of)
{
    const run *all = of;
    for (uint64_t i = 0; i < all->count; i++)
        check(of, all->first + i);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s SEED COUNT [THREADS]\n", argv[0]);
        return 2;
    }
    if (!getenv("OMP_CANCELLATION")) {
        setenv("OMP_CANCELLATION", "true", 1);
        execv("/proc/self/exe", argv);
        perror("execv");
        return 2;
    }
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const step *one = tables[i]; one->name; one++)
            step_count++;
    run all = {strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10), 0};
    const int hosts = argc > 3 ? atoi(argv[3]) : 1;
    pthread_t threads[64];
    watch();
    for (int i = 1; i < hosts && i < 64; i++)
        if (pthread_create(&threads[i], NULL, host, &all) != 0)
            return 2;
    host(&all);
    for (int i = 1; i < hosts && i < 64; i++)
        pthread_join(threads[i], NULL);
    printf("%" PRIu64 " seeds, %u failures\n", all.count, all.failures);
    return all.failures != 0;
}
