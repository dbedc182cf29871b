/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counts the solutions of the n queens problem: a task for each safe square of the next row.
 * Variants: no cutoff, an if clause below a depth, and calls without tasks below a depth. */
#include "kernel.h"

#include <string.h>

enum { CUTOFF = 3, MOST = 14 };

typedef enum cutoff { NONE, IF_CLAUSE, MANUAL } cutoff;

static bool safe(const char *rows, int count)
{
    for (int i = 0; i < count - 1; i++) {
        const int apart = rows[count - 1] - rows[i];
        if (apart == 0 || apart == count - 1 - i || -apart == count - 1 - i)
            return false;
    }
    return true;
}

static long serial(int n, int count, char *rows)
{
    long found = 0;
    if (count == n)
        return 1;
    for (int column = 0; column < n; column++) {
        rows[count] = (char)column;
        if (safe(rows, count + 1))
            found += serial(n, count + 1, rows);
    }
    return found;
}

static long search(int n, int count, const char *rows, cutoff kind)
{
    long found[MOST] = {0}, total = 0;
    if (count == n)
        return 1;
    if (kind == MANUAL && count >= CUTOFF) {
        char own[MOST];
        memcpy(own, rows, (size_t)count);
        return serial(n, count, own);
    }
    for (int column = 0; column < n; column++)
#pragma omp task untied shared(found) if (kind != IF_CLAUSE || count < CUTOFF)
    {
        char own[MOST];
        memcpy(own, rows, (size_t)count);
        own[count] = (char)column;
        if (safe(own, count + 1))
            found[column] = search(n, count + 1, own, kind);
    }
#pragma omp taskwait
    for (int column = 0; column < n; column++)
        total += found[column];
    return total;
}

static int measure(const char *name, cutoff kind, int n)
{
    char rows[MOST] = {0};
    long found = 0;
    const double begin = now();
#pragma omp parallel
#pragma omp single
    found = search(n, 0, rows, kind);
    return report(name, now() - begin, found == serial(n, 0, rows));
}

int main(int argc, char **argv)
{
    const int n = size_of(argc, argv, 10);
    if (n > MOST - 1)
        return 2;
    return measure("nqueens", NONE, n) | measure("nqueens-if", IF_CLAUSE, n) |
           measure("nqueens-manual", MANUAL, n + 1);
}
