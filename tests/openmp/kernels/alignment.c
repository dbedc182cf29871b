/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Aligns all pairs of sequences of unequal lengths by Smith and Waterman's recurrence. Variants: a
 * work-shared loop over the first sequence whose body makes a task for each second one, and a
 * dynamic loop over pairs. */
#include "kernel.h"

#include <string.h>

enum { LONGEST = 400, MATCH = 2, DIFFER = -1, GAP = -2 };

typedef struct sequence {
    int length;
    char letters[LONGEST];
} sequence;

static int count;
static sequence *all;

static int score(const sequence *a, const sequence *b)
{
    int row[LONGEST + 1] = {0}, best = 0;
    for (int i = 0; i < a->length; i++) {
        int diagonal = 0;
        for (int j = 0; j < b->length; j++) {
            const int above = row[j + 1];
            int here = diagonal + (a->letters[i] == b->letters[j] ? MATCH : DIFFER);
            here = here < above + GAP ? above + GAP : here;
            here = here < row[j] + GAP ? row[j] + GAP : here;
            here = here < 0 ? 0 : here;
            best = best < here ? here : best;
            diagonal = above;
            row[j + 1] = here;
        }
    }
    return best;
}

static void by_tasks(int *scores)
{
#pragma omp parallel
#pragma omp for schedule(dynamic)
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++)
#pragma omp task untied
            scores[i * count + j] = score(&all[i], &all[j]);
}

static void by_loop(int *scores)
{
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            if (j > i)
                scores[i * count + j] = score(&all[i], &all[j]);
}

static void serial(int *scores)
{
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++)
            scores[i * count + j] = score(&all[i], &all[j]);
}

static int measure(const char *name, void (*align)(int *), const int *right)
{
    const size_t bytes = (size_t)(count * count) * sizeof(int);
    int *scores = memset(memory(bytes), 0, bytes);
    const double begin = now();
    align(scores);
    const double seconds = now() - begin;
    const bool same = memcmp(scores, right, bytes) == 0;
    free(scores);
    return report(name, seconds, same);
}

int main(int argc, char **argv)
{
    count = size_of(argc, argv, 40);
    const size_t bytes = (size_t)(count * count) * sizeof(int);
    int *right = memset(memory(bytes), 0, bytes);
    all = memory((size_t)count * sizeof *all);
    for (int i = 0; i < count; i++) {
        all[i].length = 1 + (int)(mix((uint64_t)i) % LONGEST);
        for (int j = 0; j < LONGEST; j++)
            all[i].letters[j] = "ACGT"[mix((uint64_t)(i * LONGEST + j)) % 4];
    }
    serial(right);
    return measure("alignment-tasks", by_tasks, right) | measure("alignment-loop", by_loop, right);
}
