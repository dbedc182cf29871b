/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/virtual/loop.h>

#include <filch/trace.h>
#include <runtime/platform/virtual/threads.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static fl_virtual_loop loop;
static char places[FL_LOOP_KEYS + 1];
static int words[1000];

static void reads(int place, const int *word)
{
    fl_loop_access(&loop, &places[place], word, sizeof *word);
}

/* Rounds of `length` points, each at its place. */
static void rounds(int count, int length)
{
    for (int i = 0; i < count * length; i++)
        fl_loop_point(&loop, &places[i % length]);
}

Test(virtual_loop, equal_rounds_wait)
{
    for (int length = 1; length <= FL_LOOP_KEYS; length *= 4) {
        loop = (fl_virtual_loop){0};
        rounds(FL_LOOP_ROUNDS - 1, length);
        cr_assert_not(fl_loop_waits(&loop), "%d", length);
        rounds(1, length);
        cr_assert(fl_loop_gives_way(&loop), "%d", length);
    }
}

Test(virtual_loop, wait_after_other_points_is_found)
{
    for (int i = 0; i < FL_LOOP_KEYS - 3; i++)
        fl_loop_point(&loop, &places[3 + i]);
    rounds(FL_LOOP_ROUNDS + FL_LOOP_KEYS / 3, 3);
    cr_assert(fl_loop_waits(&loop));
}

/* a b a c: a comes again before the round has ended. */
Test(virtual_loop, a_place_twice_in_a_round)
{
    static const int order[] = {0, 1, 0, 2};
    for (int i = 0; i < (FL_LOOP_ROUNDS + 2) * 4; i++)
        fl_loop_point(&loop, &places[order[i % 4]]);
    cr_assert(fl_loop_waits(&loop));
}

Test(virtual_loop, gives_way_once_a_round)
{
    int given = 0;
    rounds(FL_LOOP_ROUNDS, 3);
    for (int i = 0; i < 30; i++) {
        given += fl_loop_gives_way(&loop);
        fl_loop_point(&loop, &places[i % 3]);
    }
    cr_assert_eq(given, 10);
}

Test(virtual_loop, a_new_value_ends_the_wait)
{
    for (int i = 0; i < 2 * FL_LOOP_ROUNDS; i++)
        reads(0, words);
    cr_assert(fl_loop_waits(&loop));
    words[0]++;
    reads(0, words);
    cr_assert_not(fl_loop_waits(&loop));
}

Test(virtual_loop, leaving_ends_the_wait)
{
    rounds(2 * FL_LOOP_ROUNDS, 2);
    fl_loop_point(&loop, &places[5]);
    cr_assert_not(fl_loop_waits(&loop));
}

Test(virtual_loop, loops_with_progress_never_wait)
{
    for (int i = 0; i < 1000; i++) {
        reads(0, &words[1]); /* a flag that stays, */
        reads(1, &words[0]); /* a counter, */
        words[0]++;
        cr_assert_not(fl_loop_waits(&loop));
    }
    for (int i = 0; i < 1000; i++) {
        reads(0, &words[i]); /* an array */
        cr_assert_not(fl_loop_waits(&loop));
    }
}

Test(virtual_loop, long_accesses_never_wait)
{
    static char block[FL_LOOP_VALUE + 1];
    for (int i = 0; i < 1000; i++)
        fl_loop_access(&loop, places, block, sizeof block);
    cr_assert_not(fl_loop_waits(&loop));
}

/* ---- Virtual access ---- */

enum { TIMES = 300, WRITE = FILCH_EXPLORE_WRITES, ATOMIC = FILCH_EXPLORE_ATOMIC };

typedef struct access {
    size_t from, size;
    unsigned kind;
} access_of;

static char bytes[16];
static access_of two[2];

/* Often enough that both tasks stand before an access at some time, with any seed. */
static void use(filch_self self, void *arg)
{
    const access_of *one = arg;
    for (int i = 0; i < TIMES; i++)
        fl_explore_access(bytes + one->from, one->size, one->kind, bytes);
}

static void run_both(void)
{
    filch_runtime *rt;
    setenv("FILCH_VIRTUAL", "2", 1);
    setenv("FILCH_SEED", "1", 1);
    CHILD_CHECK(filch_runtime_create(&rt, NULL) == 0);
    filch_go(rt, use, &two[0]);
    filch_go(rt, use, &two[1]);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

static bool race(access_of one, access_of other, struct child *child)
{
    two[0] = one;
    two[1] = other;
    child_run(child, run_both);
    return WIFSIGNALED(child->status) && WTERMSIG(child->status) == SIGABRT &&
           strstr(child->text, "data race on ");
}

static bool peace(access_of one, access_of other)
{
    struct child child;
    return !race(one, other, &child) && WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0;
}

Test(virtual_access, write_races_with_any_overlapping_access)
{
    struct child child;
    cr_assert(race((access_of){0, 4, WRITE}, (access_of){0, 4, WRITE}, &child));
    cr_assert(strstr(child.text, "write of 4 bytes at"), "%s", child.text);
    cr_assert(strstr(child.text, "by worker 0"), "%s", child.text);
    cr_assert(strstr(child.text, "by worker 1"), "%s", child.text);
    cr_assert(race((access_of){0, 8, 0}, (access_of){7, 1, WRITE}, &child));
    cr_assert(strstr(child.text, "read of 8 bytes at"), "%s", child.text);
    cr_assert(race((access_of){0, 4, WRITE}, (access_of){0, 4, ATOMIC}, &child));
    cr_assert(strstr(child.text, "atomic read of 4 bytes at"), "%s", child.text);
}

Test(virtual_access, atomic_write_races_with_plain_read)
{
    struct child child;
    cr_assert(race((access_of){0, 4, WRITE | ATOMIC}, (access_of){0, 4, 0}, &child));
}

Test(virtual_access, reads_atomics_and_neighbours_never_race)
{
    cr_assert(peace((access_of){0, 4, 0}, (access_of){0, 4, 0}));
    cr_assert(peace((access_of){0, 4, WRITE | ATOMIC}, (access_of){0, 4, WRITE | ATOMIC}));
    cr_assert(peace((access_of){0, 4, WRITE}, (access_of){4, 4, WRITE}));
}

Test(virtual_access, places_are_those_of_the_program)
{
    char *elsewhere = malloc(1);
    cr_assert_neq(fl_virtual_place(bytes), 0);
    cr_assert_eq(fl_virtual_place(bytes + 1), fl_virtual_place(bytes) + 1);
    cr_assert_eq(fl_virtual_place(elsewhere), 0);
    free(elsewhere);
}

Test(virtual_access, access_without_virtual_workers_does_nothing)
{
    fl_explore_access(bytes, 4, WRITE, bytes);
    filch_explore_point();
}
