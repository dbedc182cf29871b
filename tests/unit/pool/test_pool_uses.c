/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool keeps what its configuration names: a limiter, a breaker, a queue of dead letters. */
#include <filch/adaptive.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static int make_limiter(void **out)
{
    return filch_limiter_create((filch_limiter **)out, (filch_limit){.rate = 1000, .burst = 1000});
}

static int make_breaker(void **out)
{
    return filch_breaker_create((filch_breaker **)out, NULL);
}

static int make_dead_letters(void **out)
{
    return filch_dead_letter_queue_create((filch_dead_letter_queue **)out, NULL);
}

static int end_limiter(void *object)
{
    return filch_limiter_destroy(object);
}

static int end_breaker(void *object)
{
    return filch_breaker_destroy(object);
}

static int end_dead_letters(void *object)
{
    return filch_dead_letter_queue_destroy(object);
}

static const struct used {
    const char *call;
    int (*make)(void **out);
    int (*end)(void *object);
    size_t field; /* of the configuration */
} used[] = {
    {"filch_limiter_destroy", make_limiter, end_limiter, offsetof(filch_pool_config, limiter)},
    {"filch_breaker_destroy", make_breaker, end_breaker, offsetof(filch_pool_config, breaker)},
    {"filch_dead_letter_queue_destroy", make_dead_letters, end_dead_letters,
     offsetof(filch_pool_config, dead_letters)},
};
enum { USED = sizeof used / sizeof *used };

static filch_pool *pool_with(const struct used *one, void *object, const char *name,
                             unsigned workers)
{
    filch_pool_config config = {.name = name, .workers = workers, .width = 1};
    memcpy((char *)&config + one->field, &object, sizeof object);
    return pool_of(config);
}

static void expect_kept(const struct used *one, void *object, const char *name)
{
    cr_assert_eq(one->end(object), -EBUSY, "%s", one->call);
    cr_assert_not_null(strstr(filch_error(), one->call), "%s", filch_error());
    cr_assert_not_null(strstr(filch_error(), name), "%s", filch_error());
}

Test(pool_uses, named_objects_outlive_their_pools)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned i = 0; i < 3 * USED; i++) {
        const struct used *one = &used[i / 3];
        void *object = NULL;
        cr_assert_eq(one->make(&object), 0);
        filch_pool *mail = pool_with(one, object, "mail", workers[i % 3]);
        expect_kept(one, object, "pool mail");
        filch_pool *print = pool_with(one, object, "print", workers[i % 3]);
        for (unsigned jobs = 0; jobs < 20; jobs++)
            cr_assert_eq(FILCH_SUBMIT(mail, succeeds, NULL), 0);
        OK(filch_pool_destroy(mail));
        expect_kept(one, object, "pool print");
        OK(filch_pool_destroy(print));
        cr_assert_eq(one->end(object), 0, "%s", filch_error());
    }
}

Test(pool_uses, a_refused_pool_keeps_nothing)
{
    for (const struct used *one = used; one < used + USED; one++) {
        void *object = NULL;
        filch_pool *pool = NULL;
        filch_pool_config config = {.workers = 1, .bind = "nowhere", .width = 1};
        cr_assert_eq(one->make(&object), 0);
        memcpy((char *)&config + one->field, &object, sizeof object);
        cr_assert_eq(filch_pool_create(&pool, &config), -EINVAL);
        cr_assert_eq(one->end(object), 0, "%s", filch_error());
    }
}

Test(pool_uses, a_limiter_outlives_its_adaptive_rate)
{
    filch_limiter *limiter = NULL;
    filch_adaptive_rate *rate = NULL;
    cr_assert_eq(make_limiter((void **)&limiter), 0);
    OK(filch_adaptive_rate_create(&rate, limiter, NULL));
    expect_kept(&used[0], limiter, "adaptive rate");
    filch_adaptive_rate_destroy(rate);
    OK(filch_limiter_destroy(limiter));
}
