/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * k-means clustering (Lloyd, 1957): prints the centres, and once more bit by bit. Shows
 * FILCH_REDUCE_DETERMINISTIC: a sum of floating-point numbers depends on the order of additions,
 * which here never changes. So the centres are equal to the last bit on any number of
 * workers, and the search may go on until no bit changes: with FILCH_REDUCE, perhaps forever.
 *
 *   cc -O2 kmeans.c $(pkg-config --cflags --libs filch) -o kmeans
 *   ./kmeans; FILCH_WORKERS=1 ./kmeans */
#include <err.h>
#include <filch/par.h>
#include <stdio.h>
#include <string.h>

enum { N = 200000, K = 5 };
typedef struct point {
    double x, y, weight; /* a sum of points, or their centre, weighs as many as they are */
    long nearest;        /* centre's index */
} point;

/* Five overlapping squares, evenly filled (Roberts' sequence R2). */
FILCH_FOR(scatter, i, (point *, points))
{
    static const int corners[K][2] = {{0, 0}, {8, 1}, {1, 9}, {9, 9}, {5, 5}};
    points[i].x = corners[i % K][0] + (i * 0xc13fa9a902a6328f) * 0x6p-64;
    points[i].y = corners[i % K][1] + (i * 0x91e10da5c79e7b1d) * 0x6p-64;
    points[i].weight = 1;
}

static double distance(point a, point b)
{
    return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y); /* squared */
}

FILCH_FOR(assign, i, (point *, points), (const point *, centres))
{
    long nearest = 0;
    for (long k = 1; k < K; k++)
        if (distance(points[i], centres[k]) < distance(points[i], centres[nearest]))
            nearest = k;
    points[i].nearest = nearest;
}

static inline point add(point a, point b)
{
    return (point){a.x + b.x, a.y + b.y, a.weight + b.weight, 0};
}
FILCH_REDUCE_DETERMINISTIC(sum_of, point, (point){0}, add, i, (const point *, points), (long, k))
{
    return points[i].nearest == k ? points[i] : (point){0};
}

FILCH_TASK(int, find_centres, (point *, points), (point *, centres))
{
    point before[K], sum;
    int rc;
    do { /* moves each centre to the middle of its points */
        memcpy(before, centres, sizeof before);
        rc = assign(self, 0, N, points, centres);
        for (long k = 0; k < K && !rc; k++) {
            rc = sum_of(self, 0, N, &sum, points, k);
            if (!rc && sum.weight > 0)
                centres[k] = (point){sum.x / sum.weight, sum.y / sum.weight, sum.weight, k};
        }
    } while (!rc && memcmp(before, centres, sizeof before) != 0);
    return rc;
}

int main(void)
{
    static point points[N];
    point centres[K] = {{0, 0, 0, 0}, {9, 0, 0, 1}, {0, 9, 0, 2}, {9, 9, 0, 3}, {4, 4, 0, 4}};
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL) || FILCH_RUN(rt, scatter, 0, N, points) ||
        FILCH_RUN(rt, find_centres, points, centres))
        errx(1, "%s", filch_error());
    filch_runtime_destroy(rt);
    for (const point *c = centres; c < centres + K; c++)
        printf("%6.0f points: %.4f %.4f = %a %a\n", c->weight, c->x, c->y, c->x, c->y);
}
