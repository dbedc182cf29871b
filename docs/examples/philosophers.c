/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dining philosophers (E. W. Dijkstra, 1965): each needs the forks on both sides to eat. Everybody takes the fork of the
 * lower number first, so no circle of waiting can close. With the argument "left" everybody takes the left one first: sooner
 * or later all wait for each other. The detector of deadlocks finds that, and the program ends with its report.
 *
 *   cc -O2 philosophers.c $(pkg-config --cflags --libs filch) -o philosophers
 *   ./philosophers [left] */
#include <err.h>
#include <filch/filch.h>
#include <filch/observe.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SEATS = 5, MEALS = 10000 };

typedef struct philosopher {
    filch_mutex *first, *second;
    bool dawdles;
    int meals;
} philosopher;

static filch_mutex forks[SEATS];

static int dine(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    philosopher *me = arg;
    while (me->meals < MEALS) {
        filch_mutex_lock(me->first);
        if (me->dawdles)
            filch_sleep(FILCH_MILLISECOND); /* meanwhile the neighbour takes the other one */
        filch_mutex_lock(me->second);
        filch_mutex_unlock(me->second);
        filch_mutex_unlock(me->first);
        me->meals += !me->dawdles; /* a dawdler is never done */
    }
    return 0;
}

/* They would wait forever. */
static void give_up(const char *report, void *unused)
{
    (void)unused;
    fputs(report, stderr);
    _exit(1);
}

int main(int argc, char **argv)
{
    filch_runtime *rt;
    filch_scope table;
    philosopher seat[SEATS];
    bool left_first = argc > 1 && strcmp(argv[1], "left") == 0;
    filch_on_deadlock(give_up, NULL);
    if (filch_runtime_create(&rt, NULL) || filch_scope_begin(&table, rt, NULL))
        errx(1, "%s", filch_error());
    for (int i = 0; i < SEATS; i++) {
        filch_mutex *left = &forks[i], *right = &forks[(i + 1) % SEATS];
        bool swap = !left_first && right < left;
        seat[i] = (philosopher){swap ? right : left, swap ? left : right, left_first, 0};
        if (FILCH_SPAWN(&table, dine, &seat[i]))
            errx(1, "%s", filch_error());
    }
    filch_scope_end(&table);
    for (int i = 0; i < SEATS; i++)
        printf("philosopher %d: %d meals\n", i, seat[i].meals);
    return filch_runtime_destroy(rt);
}
