/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Objects to which memory, or the timer thread, is refused: an error says so, nothing is held, and
 * what is in use needs none. */
#include <filch/adaptive.h>
#include <filch/breaker.h>
#include <filch/cache.h>
#include <filch/gather.h>
#include <filch/limiter.h>
#include <filch/pipeline.h>
#include <filch/results.h>
#include <tests/support/patterns.h>
#include <tests/support/pools.h>
#include <tests/support/refused_objects.h>
#include <tests/support/test.h>

static const int64_t hour = 3600 * FILCH_SECOND; /* not past when it is looked at */

/* ---- Patterns ---- */

static drain to;

static int create_batcher(filch_batcher **out)
{
    filch_batcher_config config = drain_config(&to, 7, 2);
    return filch_batcher_create(out, objects_rt, &config);
}

OBJECT(filch_batcher, batcher, create_batcher(&batcher), drain_ends(&to, batcher), .requests = 1,
       .workers_ask = true)
NEEDS_THE_TIMER_THREAD(batcher)
USED_WITHOUT_MEMORY(batcher, 0)
{
    enum { ITEMS = 100 };
    static batch_item items[ITEMS];
    for (unsigned i = 0; i < ITEMS; i++)
        OK(filch_batcher_add_then(batcher, &items[i], note_outcome, NULL, FILCH_FOREVER));
    filch_batcher_close(batcher);
    OK(filch_batcher_wait(batcher, FILCH_FOREVER));
    for (unsigned i = 0; i < ITEMS; i++)
        cr_assert_eq(signpost_count(&items[i].told), 1);
}

static resource_source from;

static int create_resources(filch_resource_pool **out)
{
    filch_resource_pool_config config = source_config(&from, 1, 2);
    return filch_resource_pool_create(out, objects_rt, &config);
}

OBJECT(filch_resource_pool, resources, create_resources(&resources), source_ends(&from, resources),
       .requests = 1, .workers_ask = true)
NEEDS_THE_TIMER_THREAD(resources)
USED_WITHOUT_MEMORY(resources, 0)
{
    filch_resource *one;
    for (unsigned i = 0; i < 100; i++) {
        OK(filch_resource_pool_acquire(resources, &one, FILCH_FOREVER));
        OK(filch_resource_give_back(one, i % 2));
    }
    filch_resource_pool_close(resources);
    OK(filch_resource_pool_wait(resources, FILCH_FOREVER));
}

OBJECT(filch_cache, cache,
       filch_cache_create(&cache, objects_rt, &(filch_cache_config){.size = 64}),
       OK(filch_cache_destroy(cache)), .requests = 2)
USED_WITHOUT_MEMORY(cache, 1)
{
    enum { OBJECTS = 10 };
    void *all[OBJECTS], *none = NULL;
    refuse_no_more(MEMORY);
    for (unsigned i = 0; i < OBJECTS; i++)
        OK(filch_cache_acquire(cache, &all[i]));
    refuse(MEMORY, 0, true);
    for (unsigned i = 0; i < OBJECTS; i++)
        filch_cache_give_back(cache, all[i]);
    for (unsigned i = 0; i < OBJECTS; i++)
        OK(filch_cache_acquire(cache, &all[i]));
    cr_assert_eq(filch_cache_acquire(cache, &none), -ENOMEM);
    cr_assert_null(none, "untouched");
    for (unsigned i = 0; i < OBJECTS; i++)
        filch_cache_give_back(cache, all[i]);
}

enum { ITEMS = 200 };

static int pass(filch_self self, filch_emitter *out, void *item, void *arg)
{
    return filch_emit(out, item);
}

static const filch_stage stages[] = {{.fn = pass, .width = 4, .ordered = true},
                                     {.fn = pass, .width = 2}};
static const filch_pipeline_config two = {.stages = stages, .count = 2, .results = ITEMS};

OBJECT(filch_pipeline, pipeline, filch_pipeline_create(&pipeline, objects_rt, &two),
       OK(filch_pipeline_destroy(pipeline)), .requests = 2, .workers_ask = true)
USED_WITHOUT_MEMORY(pipeline, 0)
{
    static int items[ITEMS];
    void *item;
    unsigned received = 0;
    for (unsigned i = 0; i < ITEMS; i++)
        OK(filch_pipeline_push(pipeline, &items[i], NULL, FILCH_FOREVER));
    filch_pipeline_close(pipeline);
    OK(filch_pipeline_wait(pipeline, FILCH_FOREVER));
    for (; !filch_pipeline_next(pipeline, &item, 0); received++)
        *(int *)item += 1;
    cr_assert_eq(received, ITEMS);
    for (unsigned i = 0; i < ITEMS; i++)
        cr_assert_eq(items[i], 1);
}

static filch_u32 asked, released;

static int ask(filch_self self, filch_context *context, void *arg, void **answer)
{
    filch_u32_add(&asked, 1, FILCH_ACQ_REL);
    *answer = arg;
    return 0;
}

static void release(void *arg)
{
    filch_u32_add(&released, 1, FILCH_ACQ_REL);
}

/* All are asked, or none. */
static int gather(filch_answer **out)
{
    static const filch_ask asks[] = {{.fn = ask}, {.fn = ask}, {.fn = ask}};
    static filch_answer of_three[3];
    const filch_gather_config all = {.asks = asks, .count = 3, .release = release, .linger = true};
    int rc = filch_gather(objects_rt, &all, of_three, filch_in(hour));
    cr_assert_eq(filch_u32_exchange(&asked, 0, FILCH_ACQ_REL), rc ? 0 : 3);
    cr_assert_eq(filch_u32_exchange(&released, 0, FILCH_ACQ_REL), rc ? 0 : 3);
    *out = rc ? *out : of_three;
    return rc;
}

OBJECT(filch_answer, answers, gather(&answers), (void)0, .requests = 2, .workers_ask = true,
       .kept = 1)
NEEDS_THE_TIMER_THREAD(answers)

/* ---- Resilience ---- */

static int call_fails(void *unused)
{
    return -EIO;
}

OBJECT(filch_breaker, breaker,
       filch_breaker_create(&breaker, &(filch_breaker_config){.consecutive = 3}),
       filch_breaker_destroy(breaker), .requests = 1)
USED_WITHOUT_MEMORY(breaker, 0)
{
    for (int i = 0; i < 3; i++)
        cr_assert_eq(filch_breaker_call(breaker, call_fails, NULL), -EIO);
    cr_assert_eq(filch_breaker_call(breaker, call_fails, NULL), -EHOSTDOWN);
    filch_breaker_reset(breaker);
}

static const filch_limit seldom = {.rate = 1, .burst = 1, .period = 3600 * FILCH_SECOND};

OBJECT(filch_limiter, limiter, filch_limiter_create(&limiter, seldom),
       OK(filch_limiter_destroy(limiter)), .requests = 1)
USED_WITHOUT_MEMORY(limiter, 0)
{
    filch_reservation later;
    OK(filch_limiter_allow(limiter, 1));
    OK(filch_limiter_reserve(limiter, 1, &later));
    OK(filch_limiter_give_back(&later));
}

OBJECT(filch_keyed_limiter, limiters, filch_keyed_limiter_create(&limiters, seldom, 4, 4),
       filch_keyed_limiter_destroy(limiters), .requests = 2)
USED_WITHOUT_MEMORY(limiters, 0)
{
    for (unsigned key = 0; key < 4; key++)
        OK(filch_keyed_limiter_allow(limiters, &key, sizeof key, 1));
}

OBJECT(filch_adaptive, adaptive, filch_adaptive_create(&adaptive, NULL),
       filch_adaptive_destroy(adaptive), .requests = 1)
USED_WITHOUT_MEMORY(adaptive, 0)
{
    OK(filch_adaptive_try_acquire(adaptive));
    OK(filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, 1));
}

enum { LETTERS = 20 };
static const filch_dead_letter_queue_config few = {.max = LETTERS};

OBJECT(filch_dead_letter_queue, letters, filch_dead_letter_queue_create(&letters, &few),
       filch_dead_letter_queue_destroy(letters), .requests = 1)
USED_WITHOUT_MEMORY(letters, 0)
{
    static payload all[LETTERS];
    size_t count;
    int full = -EAGAIN;
    filch_dead_letter *page[LETTERS];
    refuse_no_more(MEMORY);
    for (unsigned i = 0; i < LETTERS; i++)
        put_one(letters, &all[i]);
    refuse(MEMORY, 0, true);
    OK(filch_dead_letter_queue_list(letters, 0, page, LETTERS, &count));
    for (unsigned i = 0; i < LETTERS; i++)
        filch_dead_letter_release(page[i]);
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 3, payload_submit, &full), -EAGAIN);
    OK(filch_dead_letter_queue_requeue(letters, 3, payload_submit, NULL));
    OK(filch_dead_letter_queue_remove(letters, 4));
    OK(filch_dead_letter_queue_purge(letters, 0, &count));
    cr_assert_eq(count, LETTERS - 2);
    dead_letters_balance(letters);
}

static size_t pack_number(const void *data, void *bytes, size_t room, void *arg)
{
    const payload *one = data;
    if (room)
        memcpy(bytes, &one->number, sizeof one->number);
    return sizeof one->number;
}

static void put_in_vain(filch_dead_letter_queue *to_these, const filch_dead_letter_draft *draft)
{
    int64_t held = blocks;
    uint64_t id = 77;
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_dead_letter_queue_put(to_these, draft, &id), -ENOMEM);
    cr_assert_eq(refuse_no_more(MEMORY), 1, "it is one block");
    cr_assert_eq(id, 77, "untouched");
    cr_assert_eq(blocks, held);
}

Test(refused_memory, a_refused_letter_stays_the_callers)
{
    payload one = {.number = 1};
    int64_t held = blocks;
    filch_dead_letter_draft draft = draft_of(&one);
    filch_dead_letter_queue *plain = dead_letters_of((filch_dead_letter_queue_config){.max = 1});
    filch_dead_letter_queue *packed =
        dead_letters_of((filch_dead_letter_queue_config){.pack = pack_number});
    put_in_vain(plain, &draft);
    put_in_vain(packed, &draft);
    put_in_vain(plain, &(filch_dead_letter_draft){.data = &one, .size = sizeof one});
    put_in_vain(plain, &(filch_dead_letter_draft){.data = &one, .size = SIZE_MAX / 2});
    cr_assert_eq(signpost_count(&one.dropped), 0);
    cr_assert_eq(dead_letters_stats(plain).refused, 3);
    put_one(plain, &one);
    dead_letters_balance(plain);
    filch_dead_letter_queue_destroy(plain);
    filch_dead_letter_queue_destroy(packed);
    cr_assert_eq(signpost_count(&one.dropped), 1);
    cr_assert_eq(blocks, held);
}

/* ---- Contexts, scopes, futures, channels ---- */

static filch_context *root(void)
{
    static filch_context *one;
    if (!one)
        OK(filch_context_create(&one, NULL));
    return one;
}

OBJECT(filch_context, context, filch_context_create(&context, root()),
       filch_context_release(context), .requests = 1)
OBJECT(filch_context, value, filch_context_create_value(&value, root(), &value, objects_rt),
       filch_context_release(value), .requests = 1)

OBJECT(filch_context, deadline, filch_context_create_until(&deadline, root(), filch_in(hour)),
       filch_context_release(deadline), .requests = 1)
NEEDS_THE_TIMER_THREAD(deadline)

Test(refused_timer_thread, a_later_deadline_passes)
{
    refuse(THREADS, 0, true);
    cr_assert_eq(filch_context_create_until(&deadline, root(), filch_in(hour)), -EAGAIN);
    cr_assert_neq(refuse_no_more(THREADS), 0);
    OK(filch_context_create_until(&deadline, root(), filch_in(FILCH_MILLISECOND)));
    cr_assert_eq(filch_context_wait(deadline, FILCH_FOREVER), -ETIMEDOUT);
    filch_context_release(deadline);
}

static int open_scope(filch_scope **out)
{
    static filch_scope one;
    int rc = filch_scope_begin(&one, objects_rt, NULL);
    *out = rc ? *out : &one;
    return rc;
}

OBJECT(filch_scope, scope, open_scope(&scope), OK(filch_scope_end(scope)), .requests = 1)

static int fails_in(filch_self self, filch_scope *in, void *arg)
{
    return filch_scope_fail(in, -EIO, "%s", (const char *)arg);
}

/* Until the caches of jobs are empty. */
Test(refused_memory, children_of_a_scope)
{
    enum { MOST = 100000 };
    filch_scope all;
    unsigned spawned = 0;
    OK(filch_scope_begin_as(&all, objects_rt, NULL, FILCH_SCOPE_COLLECT));
    refuse(MEMORY, 10, true);
    int rc = 0;
    for (; spawned < MOST && !rc; spawned += !rc)
        rc = FILCH_SPAWN(&all, fails_in, "no memory to keep this");
    cr_assert_eq(rc, -ENOMEM);
    cr_assert_eq(filch_scope_wait(&all, FILCH_FOREVER), -EIO);
    refuse_no_more(MEMORY);
    cr_assert_eq(filch_scope_failures(&all), spawned, "counted, if not kept");
    cr_assert_str_eq(filch_scope_failure(&all)->message, "no memory to keep this");
    cr_assert_eq(FILCH_SPAWN(&all, fails_in, "later"), 0);
    cr_assert_eq(filch_scope_end(&all), -EIO);
}

static filch_future first;

/* A refused future can be used again. */
static int all_of_one(filch_future **out)
{
    static filch_future one;
    filch_future *others[] = {&first};
    int rc = filch_when_all(&one, others, 1);
    *out = rc ? *out : &one;
    return rc;
}

static void settle(filch_future *both)
{
    OK(filch_future_set(&first, NULL, 0));
    OK(filch_await(both));
    first = *both = (filch_future){0};
}

OBJECT(filch_future, all_futures, all_of_one(&all_futures), settle(all_futures), .requests = 1)

Test(used_without_memory, futures_of_a_settled_one)
{
    filch_future done = {0}, other = {0};
    filch_future *others[] = {&other};
    OK(filch_future_set(&done, NULL, 0));
    int64_t held = blocks;
    cr_assert_eq(filch_when_all(&done, others, 1), -EALREADY);
    cr_assert_eq(filch_when_any(&done, others, 1, NULL), -EALREADY);
    cr_assert_eq(blocks, held);
}

OBJECT(filch_channel, channel, filch_channel_create(&channel, 8, 8), filch_channel_destroy(channel),
       .requests = 1)
USED_WITHOUT_MEMORY(channel, 0)
{
    OK(filch_channel_send(channel, &(uint64_t){1}));
}

OBJECT(filch_results, results, filch_results_create(&results), OK(filch_results_destroy(results)),
       .requests = 1)
