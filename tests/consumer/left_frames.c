/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Panics and fiber switches leave frames with arrays; later frames, some of them not instrumented,
 * lie where those were. */
#include <errno.h>
#include <filch/filch.h>
#include <stdio.h>
#include <string.h>

enum { ROUNDS = 20, DEPTH = 40 };

__attribute__((noinline)) static int descend(int depth, const char *above)
{
    char room[256];
    memset(room, depth, sizeof room);
    if (depth == 0)
        FILCH_PANIC(-EINVAL, "the bottom is under %d", above[1]);
    return depth < 0 ? 0 : descend(depth - 1, room) + room[0];
}

static void panics(filch_self self, void *depth)
{
    (void)self;
    descend(*(int *)depth, NULL);
}

static void fill(char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (char)i;
}

__attribute__((noinline, no_sanitize("address"))) static void lend_room(void (*use)(char *, size_t))
{
    char room[1 << 15];
    use(room, sizeof room);
}

FILCH_TASK(int, leaves_frames, (int, depth))
{
    int rc = filch_try(self, panics, &depth, NULL);
    lend_room(fill);
    filch_yield(self);
    return rc == -EINVAL;
}

FILCH_TASK(int, leaves_many, (int, count))
{
    int sum = 0;
    for (int i = 0; i < count; i++)
        FILCH_FORK(leaves_frames, DEPTH + i);
    for (int i = 0; i < count; i++) {
        FILCH_JOIN(int one, leaves_frames);
        sum += one;
    }
    return sum;
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &(filch_config){.workers = 2}) != 0)
        return fprintf(stderr, "left_frames: %s\n", filch_error()), 1;
    printf("%d\n", FILCH_RUN(rt, leaves_many, ROUNDS));
    return filch_runtime_destroy(rt);
}
