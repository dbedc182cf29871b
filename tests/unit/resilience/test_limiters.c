/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/limiters.h>
#include <stdio.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static const filch_limit seldom = {.rate = 1, .burst = 2, .period = 24 * 3600 * FILCH_SECOND};
static const filch_limit often = {.rate = 1000000000, .burst = 2};

static filch_keyed_limiter *with(filch_limit limit, unsigned keys)
{
    filch_keyed_limiter *limiters = NULL;
    cr_assert_eq(filch_keyed_limiter_create(&limiters, limit, keys, 16), 0, "%s", filch_error());
    return limiters;
}

static int allow(filch_keyed_limiter *limiters, const char *key, unsigned permits)
{
    return filch_keyed_limiter_allow(limiters, key, strlen(key), permits);
}

Test(limiters, each_key_has_its_own_permits)
{
    filch_keyed_limiter *limiters = with(seldom, 4);
    cr_assert_eq(allow(limiters, "ann", 2), 0);
    cr_assert_eq(allow(limiters, "ann", 1), -EAGAIN);
    cr_assert_eq(allow(limiters, "anna", 1), 0);
    cr_assert_eq(allow(limiters, "bob", 1), 0);
    cr_assert_eq(allow(limiters, "anna", 1), 0);
    cr_assert_eq(allow(limiters, "anna", 1), -EAGAIN);
    cr_assert_eq(filch_keyed_limiter_allow(limiters, "an\0a", 4, 2), 0, "bytes, not text");
    cr_assert_eq(filch_keyed_limiter_count(limiters), 4);
    filch_keyed_limiter_destroy(limiters);
}

Test(limiters, keys_in_use_leave_no_room)
{
    filch_keyed_limiter *limiters = with(seldom, 2);
    cr_assert_eq(allow(limiters, "ann", 1), 0);
    cr_assert_eq(allow(limiters, "bob", 1), 0);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(allow(limiters, "carl", 1), -ENOSPC);
    cr_assert(strstr(filch_error(), "2 keys") != NULL);
    cr_assert_eq(allow(limiters, "ann", 1), 0, "known keys go on");
    cr_assert_eq(allow(limiters, "ann", 1), -EAGAIN);
    OK(filch_keyed_limiter_set(limiters, often));
    while (allow(limiters, "carl", 1)) /* a nanosecond later */
        ;
    filch_keyed_limiter_destroy(limiters);
}

Test(limiters, idle_keys_make_room_without_loss)
{
    enum { NAMES = 1000 };
    filch_keyed_limiter *limiters = with(often, 8);
    for (unsigned i = 0; i < NAMES; i++) {
        char name[16];
        snprintf(name, sizeof name, "name %u", i % 100);
        int rc;
        while ((rc = allow(limiters, name, 2)))
            cr_assert(rc == -ENOSPC || rc == -EAGAIN);
        cr_assert_leq(filch_keyed_limiter_count(limiters), 8);
    }
    filch_keyed_limiter_destroy(limiters);
}

Test(limiters, reservations_outlive_their_key)
{
    filch_keyed_limiter *limiters = with((filch_limit){.rate = 1000, .burst = 2}, 1);
    filch_reservation ann, bob;
    OK(filch_keyed_limiter_reserve(limiters, "ann", 3, 1, &ann));
    while (filch_keyed_limiter_reserve(limiters, "bob", 3, 2, &bob) == -ENOSPC)
        filch_sleep(FILCH_MILLISECOND);
    cr_assert_eq(filch_limiter_give_back(&ann), 0, "which changes nothing for bob");
    int64_t again = bob.at + FILCH_MILLISECOND;
    OK(filch_keyed_limiter_reserve(limiters, "bob", 3, 1, &ann));
    cr_assert_geq(ann.at, again);
    filch_keyed_limiter_destroy(limiters);
}

Test(limiters, bad_arguments_are_refused)
{
    filch_keyed_limiter *limiters = NULL;
    filch_reservation reservation;
    cr_assert_eq(filch_keyed_limiter_create(NULL, seldom, 1, 1), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_create(&limiters, seldom, 0, 1), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_create(&limiters, seldom, 1, 0), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_create(&limiters, (filch_limit){.rate = 1}, 1, 1), -EINVAL);
    cr_assert_null(limiters, "untouched");
    limiters = with(seldom, 2);
    cr_assert_eq(filch_keyed_limiter_allow(limiters, NULL, 3, 1), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_allow(limiters, "ann", 0, 1), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_allow(limiters, "longer than sixteen", 19, 1), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_allow(limiters, "ann", 3, 3), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_reserve(limiters, "ann", 3, 1, NULL), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_reserve(limiters, "", 0, 1, &reservation), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_acquire(limiters, "ann", 3, 1, NULL, -1), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_acquire(limiters, "", 0, 1, NULL, 0), -EINVAL);
    cr_assert_eq(filch_keyed_limiter_set(limiters, (filch_limit){.rate = 1}), -EINVAL);
    cr_assert_eq(allow(limiters, "ann", 2), 0, "nothing was taken");
    filch_keyed_limiter_destroy(limiters);
    filch_keyed_limiter_destroy(NULL);
}

/* ---- Waiting ---- */

enum { USERS = 8, EACH = 5, PARTIES = 40 };

typedef struct crowd {
    filch_keyed_limiter *limiters;
    filch_context *context;
    grant grants[PARTIES * EACH];
    filch_u32 wrong;
    int codes[PARTIES];
} crowd;

static void wait_as_user(filch_self self, void *arg, unsigned index)
{
    crowd *one = arg;
    char key[16] = {(char)('a' + index % USERS)};
    for (unsigned i = 0; i < EACH; i++) {
        if (filch_keyed_limiter_acquire(one->limiters, key, sizeof key, 1, NULL, FILCH_FOREVER))
            filch_u32_add(&one->wrong, 1, FILCH_RELAXED);
        one->grants[(index % USERS * (PARTIES / USERS) + index / USERS) * EACH + i] =
            (grant){filch_now(), 1};
    }
}

static bool nobody_was_early(grant *grants, unsigned count, filch_limit limit, int64_t begun)
{
    qsort(grants, count, sizeof *grants, rates_earlier);
    for (unsigned i = 0; i < count; i++)
        if (!rates_allow(limit, i + 1, grants[i].at - begun + 1))
            return false;
    return true;
}

Test(limiters, each_key_keeps_limit_under_contention)
{
    filch_limit limit = {.rate = 2, .burst = 3, .period = FILCH_MILLISECOND};
    enum { OF_ONE = PARTIES / USERS * EACH };
    for (unsigned i = 0; i < CONFIGS; i++) {
        static crowd one;
        filch_runtime *rt = config_runtime(i, 1000000);
        int64_t begun = filch_now();
        one = (crowd){.limiters = with(limit, USERS)};
        parties_meet(rt, PARTIES - 4, 4, wait_as_user, &one);
        cr_assert_eq(filch_u32_load(&one.wrong, FILCH_ACQUIRE), 0, "%s", config_name(i));
        for (unsigned user = 0; user < USERS; user++)
            cr_assert(nobody_was_early(&one.grants[user * OF_ONE], OF_ONE, limit, begun));
        filch_keyed_limiter_destroy(one.limiters);
        OK(filch_runtime_destroy(rt));
    }
}

/* The last party ends it, wherever the others are. */
static void wait_or_end(filch_self self, void *arg, unsigned index)
{
    crowd *one = arg;
    char key[16] = {(char)('a' + index % USERS)};
    if (index == PARTIES - 1) {
        WAIT_WHILE(filch_keyed_limiter_count(one->limiters) < USERS);
        filch_sleep(FILCH_MILLISECOND);
        filch_context_cancel(one->context, -EINTR);
        return;
    }
    for (int rc = 0; !rc;)
        one->codes[index] = rc = filch_keyed_limiter_acquire(one->limiters, key, sizeof key, 1,
                                                             one->context, FILCH_FOREVER);
}

Test(limiters, who_is_cancelled_leaves_its_key)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static crowd one;
        filch_runtime *rt = config_runtime(i, 1000000);
        one = (crowd){.limiters = with(seldom, USERS), .context = child_of(NULL)};
        parties_meet(rt, PARTIES - 4, 4, wait_or_end, &one);
        for (unsigned p = 0; p < PARTIES - 1; p++)
            cr_assert_eq(one.codes[p], -EINTR, "%s: %d", config_name(i), one.codes[p]);
        filch_context_release(one.context);
        filch_keyed_limiter_destroy(one.limiters);
        OK(filch_runtime_destroy(rt));
    }
}

static void wait_until_the_end(filch_self self, void *arg, unsigned index)
{
    crowd *one = arg;
    char key[16] = {(char)('a' + index % USERS)};
    if (index < PARTIES - 1) {
        one->codes[index] =
            filch_keyed_limiter_acquire(one->limiters, key, sizeof key, 2, NULL, FILCH_FOREVER);
        return;
    }
    for (unsigned inside = 0; inside < PARTIES - 1; sched_yield()) {
        fl_wait_queue_lock(&one->limiters->wait_queue);
        inside = one->limiters->wait_queue.inside;
        fl_wait_queue_unlock(&one->limiters->wait_queue);
    }
    filch_keyed_limiter_destroy(one->limiters);
}

Test(limiters, destroy_ends_waits)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static crowd one;
        filch_runtime *rt = config_runtime(i, 1000000);
        one = (crowd){.limiters = with(seldom, USERS)};
        for (unsigned user = 0; user < USERS; user++) {
            char key[16] = {(char)('a' + user)};
            OK(filch_keyed_limiter_allow(one.limiters, key, sizeof key, 2));
        }
        parties_meet(rt, PARTIES - 4, 4, wait_until_the_end, &one);
        for (unsigned p = 0; p < PARTIES - 1; p++)
            cr_assert_eq(one.codes[p], -EIDRM, "%s: %d", config_name(i), one.codes[p]);
        OK(filch_runtime_destroy(rt));
    }
}
