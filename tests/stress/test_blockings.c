/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Blocking calls among everything else: pairs, functions, forks, channels and yields in one task
 * after another, with fewer threads than calls, while tasks of the same runtime write what others
 * read. */
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { TALKERS = 40, DEEPEST = 8 };

FILCH_TASK(unsigned, tree, (unsigned, depth))
{
    if (!depth)
        return 1;
    FILCH_FORK(tree, depth - 1);
    unsigned here = tree(self, depth - 1);
    FILCH_JOIN(unsigned there, tree);
    return here + there;
}

struct talk {
    filch_runtime *rt;
    filch_channel *sums;
    int ends[2];
    uint64_t random;
    unsigned steps, got;
};

static void add_one(void *arg)
{
    stress_dawdle(stress_mix((uintptr_t)arg));
    ++*(unsigned *)arg;
}

static void writes(filch_self self, void *arg)
{
    struct talk *talk = arg;
    cr_assert_eq(write(talk->ends[1], "x", 1), 1);
}

/* Waits for a byte that another task writes. */
static unsigned read_one(struct talk *talk)
{
    char byte;
    OK(filch_go(talk->rt, writes, talk));
    cr_assert_eq(filch_blocking_begin(), 0, "%s", filch_error());
    ssize_t n = read(talk->ends[0], &byte, 1);
    filch_blocking_end();
    return n == 1;
}

static unsigned call_one(void)
{
    unsigned one = 0;
    cr_assert_eq(filch_blocking(add_one, &one), 0, "%s", filch_error());
    return one;
}

/* A fork that is stolen, or flushed, while its task is elsewhere. */
FILCH_TASK(unsigned, fork_around, (struct talk *, talk), (unsigned, depth))
{
    FILCH_FORK(tree, depth);
    unsigned one = read_one(talk);
    FILCH_JOIN(unsigned leaves, tree);
    return one && leaves == 1u << depth;
}

static void talker(filch_self self, void *arg)
{
    struct talk *talk = arg;
    for (unsigned i = 0; i < talk->steps; i++) {
        uint64_t random = stress_mix(talk->random + i);
        switch (random % 4) {
        case 0:
            talk->got += read_one(talk);
            break;
        case 1:
            talk->got += call_one();
            break;
        case 2:
            talk->got += fork_around(self, talk, (unsigned)(random >> 8) % DEEPEST);
            break;
        default:
            filch_yield(self);
            talk->got++;
        }
    }
    OK(filch_channel_send(talk->sums, &talk->got));
}

Test(blockings, every_call_returns_once_with_result)
{
    uint64_t seed = stress_seed();
    static struct talk talks[TALKERS];
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        filch_config config = stress_config(i, seed);
        config.blocking_threads = i % 3 ? TALKERS : 3;
        filch_runtime *rt;
        cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
        filch_channel *sums;
        OK(filch_channel_create(&sums, sizeof(unsigned), 4));
        unsigned steps = stress_times(100);
        for (unsigned k = 0; k < TALKERS; k++) {
            talks[k] = (struct talk){.rt = rt,
                                     .sums = sums,
                                     .random = stress_mix(seed + 1000 * i + k),
                                     .steps = steps};
            cr_assert_eq(pipe(talks[k].ends), 0);
            OK(filch_go(rt, talker, &talks[k]));
        }
        for (unsigned k = 0; k < TALKERS; k++) {
            unsigned got = 0;
            OK(filch_channel_receive(sums, &got));
            cr_assert_eq(got, steps, "%s", stress_name(i));
        }
        OK(filch_runtime_destroy(rt));
        filch_channel_destroy(sums);
        for (unsigned k = 0; k < TALKERS; k++)
            close(talks[k].ends[0]), close(talks[k].ends[1]);
    }
}

static void one_call(filch_self self, void *arg)
{
    cr_assert_eq(filch_blocking(add_one, arg), 0, "%s", filch_error());
}

Test(blockings, runtime_ends_while_threads_become_idle)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < stress_times(100); i++) {
        filch_runtime *rt = stress_runtime(i % 8, seed);
        unsigned counts[8] = {0};
        for (unsigned k = 0; k < 8; k++)
            OK(filch_go(rt, one_call, &counts[k]));
        OK(filch_runtime_destroy(rt));
        for (unsigned k = 0; k < 8; k++)
            cr_assert_eq(counts[k], 1);
    }
}
