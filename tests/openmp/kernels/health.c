/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Simulation of a health system: a tree of villages with a hospital each. In each step a task for
 * each village simulates its children first; then its own patients fall ill, wait, recover, or go
 * to the village above. Random numbers belong to villages, so the result does not depend on order. */
#include "kernel.h"

enum { CHILDREN = 4, LEVELS = 6, PEOPLE = 20, CUTOFF = 2 };

typedef struct village {
    struct village *children[CHILDREN];
    uint64_t random, cured, delay;
    unsigned healthy, waiting, treated, sent, doctors; /* people, by state */
} village;

static village *build(int level, uint64_t seed)
{
    village *v = memory(sizeof *v);
    *v = (village){.random = mix(seed), .healthy = PEOPLE, .doctors = 1u << level};
    for (uint64_t i = 0; i < CHILDREN && level > 1; i++)
        v->children[i] = build(level - 1, CHILDREN * seed + i + 1);
    return v;
}

static bool chance(village *v, unsigned percent)
{
    v->random = mix(v->random);
    return v->random % 100 < percent;
}

static void step(village *v, int level)
{
    for (int i = 0; i < CHILDREN && v->children[i]; i++)
#pragma omp task untied if (level > CUTOFF)
        step(v->children[i], level - 1);
#pragma omp taskwait
    for (int i = 0; i < CHILDREN && v->children[i]; i++) {
        v->waiting += v->children[i]->sent;
        v->children[i]->sent = 0;
    }
    for (unsigned left = v->treated; left > 0; left--)
        if (chance(v, 30)) {
            v->treated--;
            v->cured++;
            v->healthy++;
        }
    for (unsigned left = v->waiting; left > 0 && v->treated < v->doctors; left--) {
        v->waiting--;
        if (chance(v, 10))
            v->sent++;
        else
            v->treated++;
    }
    v->delay += v->waiting;
    for (unsigned left = v->healthy; left > 0; left--)
        if (chance(v, 5)) {
            v->healthy--;
            v->waiting++;
        }
}

/* A hash of the whole tree; frees it. */
static uint64_t take_apart(village *v)
{
    uint64_t hash = mix(v->cured + mix(v->delay + mix(v->healthy)));
    for (int i = 0; i < CHILDREN && v->children[i]; i++)
        hash = mix(hash + take_apart(v->children[i]));
    free(v);
    return hash;
}

int main(int argc, char **argv)
{
    const int steps = size_of(argc, argv, 300);
    village *root = build(LEVELS, 1), *same = build(LEVELS, 1);
    const double begin = now();
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < steps; i++)
        step(root, LEVELS);
    const double seconds = now() - begin;
    for (int i = 0; i < steps; i++)
        step(same, LEVELS); /* outside of a parallel region: by this thread */
    return report("health", seconds, take_apart(root) == take_apart(same));
}
