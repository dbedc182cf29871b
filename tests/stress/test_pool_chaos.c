/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools under everything at once, policies too, on 64 workers with 256 fibers: not one job is lost,
 * none is run twice. Each round has four pools that share a limiter, a breaker and letters. Threads,
 * tasks and the jobs themselves feed them while widths, limits and the breaker change; they are shut
 * down at random moments. Each job is about an item that keeps its accounts:
 *
 *   an item   is submitted once, and again for each letter that is requeued
 *   told      once for each submission that was accepted; a letter may come again before that
 *   function  never two at a time, never after one that has returned 0; after the last outcome was
 *             told only if that was the deadline, and once
 *   data      goes back once, by the job or by its letter, when no function uses it
 *
 * FILCH_STRESS=21 runs a million jobs with address sanitizer, FILCH_STRESS=5 a hundred thousand
 * with thread sanitizer. */
#include <pthread.h>
#include <stddef.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum {
    THREADS = 4,
    TASKS = 8,
    PARTIES = THREADS + TASKS,
    EACH = 300, /* submissions of a party */
    OWN = PARTIES * EACH,
    NESTED = 2000, /* jobs that jobs submit */
    POOLS = 4,
    KEYS = 16
};

/* ---- Items ---- */

struct storm;

typedef struct item {
    char name[8]; /* the job's: when the data is a letter's, its failure leads here */
    struct storm *in;
    uint64_t random;
    filch_u32 submitted, told, began, returned, inside, late, dropped;
    filch_u32 outcome; /* the last that was told */
    unsigned key;      /* 1 .. KEYS; 0: none */
    unsigned pool;
    bool plain; /* without a callback */
    bool after; /* it is told after its function has returned */
} item;

typedef struct storm {
    filch_runtime *rt;
    filch_pool *pool[POOLS];
    filch_limiter *limiter;
    filch_breaker *breaker;
    filch_dead_letter_queue *letters;
    filch_context *above;
    uint64_t seed;
    signpost ended;
    filch_u32 nested;
    filch_u64 progress, accepted[POOLS], plain[POOLS], told[POOLS][FILCH_OUTCOMES], requeued;
    filch_u32 key_used[POOLS][KEYS + 1];
    item items[OWN + NESTED];
} storm;

static void count(filch_u64 *sum)
{
    filch_u64_add(sum, 1, FILCH_RELAXED);
}

static uint64_t next(uint64_t *random)
{
    return *random = stress_mix(*random + 1);
}

static int64_t some_time(uint64_t random)
{
    return 1 + (int64_t)(random % 100000);
}

static void given_back(void *data)
{
    item *one = data;
    if (filch_u32_load(&one->inside, FILCH_ACQUIRE))
        filch_die("data went while its function ran");
    if (filch_u32_add(&one->dropped, 1, FILCH_ACQ_REL))
        filch_die("data went twice");
}

static void told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    bool lettered = outcome == FILCH_DEAD_LETTERED;
    if ((outcome == FILCH_SUCCEEDED) != !why || filch_job_outcome(job) != outcome ||
        lettered != !data)
        filch_die("outcome %d, told without what belongs to it", (int)outcome);
    item *one =
        lettered ? (item *)(uintptr_t)((const char *)why->task - offsetof(item, name)) : data;
    storm *in = one->in;
    if (one->after && filch_u32_load(&one->inside, FILCH_ACQUIRE) &&
        filch_u32_load(&one->submitted, FILCH_RELAXED) == 1) /* else a letter may have come again */
        filch_die("told while its function runs");
    filch_traceparent trace = filch_job_trace(job);
    if (trace.trace[0] >= POOLS)
        filch_die("a job of pool %u", trace.trace[0]);
    count(&in->told[trace.trace[0]][outcome]);
    filch_u32_store(&one->outcome, outcome, FILCH_RELAXED);
    uint32_t before = filch_u32_add(&one->told, 1, FILCH_ACQ_REL);
    if (before >= filch_u32_load(&one->submitted, FILCH_RELAXED)) /* of then: letters come again */
        filch_die("told more often than submitted");
    if (one->random % 251 == 0)
        FILCH_PANIC(-EPROTO, "nobody listens");
}

/* ---- The jobs ---- */

static int submit_item(storm *in, item *one, unsigned pool, filch_job **out,
                       filch_job_options *options, int64_t until);

static void submit_nested(storm *in, uint64_t random)
{
    uint32_t nth = filch_u32_add(&in->nested, 1, FILCH_RELAXED);
    if (nth >= NESTED)
        return;
    item *one = &in->items[OWN + nth];
    *one = (item){.name = "nested", .in = in, .random = stress_mix(random)};
    filch_job_options options = {.priority = (unsigned)random % FILCH_PRIORITIES};
    submit_item(in, one, (unsigned)(random >> 8) % POOLS, NULL, &options,
                random >> 16 & 1 ? 0 : filch_in(some_time(random >> 20)));
}

static int act(filch_self self, filch_job *job, item *one, uint64_t random)
{
    filch_context *context = filch_job_context(job);
    stress_dawdle(random >> 32);
    switch (random % 16) {
    case 0:
        FILCH_PANIC(-EBADMSG, "as it was told");
    case 1:
        return -EAGAIN;
    case 2:
        return -EIO;
    case 3:
        return filch_context_sleep(context, some_time(random >> 20));
    case 4:
        return fib(self, 6) == serial_fib(6) ? 0 : -EINVAL;
    case 5:
        filch_yield(self);
        return 0;
    case 6:
        submit_nested(one->in, random >> 8);
        return 0;
    case 7:
        filch_job_cancel(job);
        return filch_context_cause(context);
    case 8:
        filch_sleep(some_time(random >> 20) / 4); /* looks at nothing */
        return 0;
    default:
        return 0;
    }
}

static void begin(item *one)
{
    if (filch_u32_exchange(&one->inside, 1, FILCH_ACQ_REL))
        filch_die("two attempts at a time");
    if (filch_u32_load(&one->returned, FILCH_ACQUIRE))
        filch_die("a job is done again");
    if (filch_u32_load(&one->dropped, FILCH_ACQUIRE))
        filch_die("its data is gone");
    filch_u32_add(&one->began, 1, FILCH_RELAXED);
    bool over = !one->plain && filch_u32_load(&one->told, FILCH_ACQUIRE) ==
                                   filch_u32_load(&one->submitted, FILCH_RELAXED);
    if (over && (filch_u32_load(&one->outcome, FILCH_RELAXED) != FILCH_TIMED_OUT ||
                 filch_u32_add(&one->late, 1, FILCH_RELAXED)))
        filch_die("a job goes on after its outcome");
}

static void leave(void *arg)
{
    item *one = arg;
    if (one->key && !filch_u32_exchange(&one->in->key_used[one->pool][one->key], 0, FILCH_ACQ_REL))
        filch_die("a key was left by somebody else");
    filch_u32_store(&one->inside, 0, FILCH_RELEASE);
}

static int work(filch_self self, filch_job *job, void *data)
{
    item *one = data;
    begin(one);
    if (one->key && filch_u32_exchange(&one->in->key_used[one->pool][one->key], 1, FILCH_ACQ_REL))
        filch_die("two jobs with the same key");
    FILCH_DEFER(leave, one);
    uint32_t attempt = filch_job_attempts(job);
    uint32_t submitted = filch_u32_load(&one->submitted, FILCH_RELAXED);
    int rc = act(self, job, one, stress_mix(one->random + attempt + 16 * submitted));
    if (!rc)
        filch_u32_store(&one->returned, 1, FILCH_RELEASE);
    return rc;
}

/* ---- Submissions ---- */

static int submit_item(storm *in, item *one, unsigned pool, filch_job **out,
                       filch_job_options *options, int64_t until)
{
    filch_traceparent trace = {.trace = {(uint8_t)pool, 1}, .span = {1}};
    one->pool = pool;
    filch_u32_add(&one->submitted, 1, FILCH_RELAXED);
    if (!one->plain) {
        options->done = told;
        options->drop = given_back;
        options->trace = &trace;
    }
    options->name = one->name;
    int rc = filch_pool_submit(out, in->pool[pool], work, one, options, until);
    count(&in->progress);
    if (!rc) {
        count(&in->accepted[pool]);
        if (one->plain)
            count(&in->plain[pool]);
        return 0;
    }
    filch_u32_add(&one->submitted, (uint32_t)-1, FILCH_RELAXED);
    if (rc != -EAGAIN && rc != -EPIPE && rc != -ETIMEDOUT && rc != -ECANCELED && rc != -EDEADLK &&
        rc != -EEXIST)
        filch_die("submission: %d, %s", rc, filch_error());
    return rc;
}

static int requeued(const filch_dead_letter *letter, void *arg)
{
    storm *in = arg;
    item *one = letter->data;
    if (one->plain)
        return -ENOTSUP;
    one->key = 0;
    int rc = submit_item(in, one, (unsigned)letter->id % POOLS, NULL, &(filch_job_options){0}, 0);
    if (!rc)
        count(&in->requeued);
    return rc;
}

enum { ROUNDS = 100, KEPT = 8 /* handles that a party keeps for later */ };

typedef struct party {
    storm *in;
    unsigned index;
    uint64_t random;
    filch_context *context;
    filch_job *kept[KEPT];
} party;

/* ---- Submissions ---- */

static void use_handle(filch_job *job, uint64_t random)
{
    if (random & 1)
        filch_job_set_priority(job, (unsigned)(random >> 8) % FILCH_PRIORITIES);
    if ((random >> 1 & 7) == 0)
        filch_job_cancel(job);
    if ((random >> 4 & 3) == 0)
        filch_job_wait(job, random >> 6 & 1 ? FILCH_FOREVER : filch_in(some_time(random >> 12)));
    if (filch_job_attempts(job) > 3)
        filch_die("an attempt too many");
    const filch_failure *why = filch_job_failure(job);
    if (why && (!why->code || filch_job_outcome(job) == FILCH_SUCCEEDED))
        filch_die("a failure of nothing");
}

static bool retryable(int code, void *unused)
{
    return code == -EAGAIN || code == -EBADMSG || code == -EHOSTDOWN;
}

static const filch_retry_policy again = {.attempts = 3,
                                         .base = 1000,
                                         .cap = 100000,
                                         .retryable = retryable};

static void submit_one(party *me, item *one)
{
    static const char *const keys[KEYS + 1] = {NULL, "a", "b", "c", "d", "e", "f", "g", "h",
                                               "i",  "j", "k", "l", "m", "n", "o", "p"};
    uint64_t random = next(&me->random);
    *one = (item){.name = "work", .in = me->in, .random = next(&me->random)};
    one->plain = (random & 7) == 0;
    one->key = (random >> 3 & 7) == 0 ? 1 + (unsigned)(random >> 40) % KEYS : 0;
    unsigned pool = (unsigned)(random >> 6) % POOLS;
    int64_t until =
        random >> 8 & 1 ? FILCH_FOREVER : filch_in(random >> 9 & 1 ? some_time(random >> 20) : 0);
    if (one->plain) {
        one->key = 0;
        submit_item(me->in, one, pool, NULL, &(filch_job_options){0}, until);
        return;
    }
    filch_job_options options = {.priority = (unsigned)(random >> 10) % FILCH_PRIORITIES,
                                 .key = keys[one->key]};
    if (!one->key && (random >> 13 & 3) == 0)
        options.timeout = some_time(random >> 44);
    if (!one->key && (random >> 50 & 3) == 0)
        options.run_timeout = some_time(random >> 44);
    options.done_after_return = one->after = random >> 52 & 1;
    if ((random >> 15 & 3) == 0)
        options.context = me->context;
    if ((random >> 17 & 3) == 0)
        options.retry = &again;
    filch_job *job = NULL, **kept = &me->kept[(random >> 19) % KEPT];
    submit_item(me->in, one, pool, random >> 22 & 1 ? &job : NULL, &options, until);
    if (job) {
        use_handle(job, next(&me->random));
        filch_job_release(*kept);
        *kept = job;
    }
}

static void swap_policies(party *me, uint64_t random)
{
    storm *in = me->in;
    switch (random % 128) {
    case 0:
    case 1:
        filch_pool_resize(in->pool[(random >> 8) % POOLS], 1 + (unsigned)(random >> 16) % 24);
        return;
    case 2:
        filch_limiter_set(in->limiter,
                          (filch_limit){.rate = 50000 + (uint32_t)(random >> 40) % 5000000,
                                        .burst = 1 + (uint32_t)(random >> 20) % 64});
        return;
    case 3:
        filch_breaker_trip(in->breaker, filch_in(some_time(random >> 20)));
        return;
    case 4:
        filch_breaker_reset(in->breaker);
        return;
    case 5:
        filch_dead_letter_queue_purge(in->letters, some_time(random >> 20) * 10, NULL);
        return;
    case 6:
        filch_dead_letter_queue_requeue_all(in->letters, requeued, in, NULL);
        return;
    case 7:
        filch_context_cancel(me->context, 0);
        filch_context_release(me->context);
        if (filch_context_create(&me->context, NULL))
            filch_die("%s", filch_error());
        return;
    case 8:
        filch_pool_cancel_waiting(in->pool[(random >> 8) % POOLS]);
        return;
    default:
        return;
    }
}

static void submit_all(filch_self self, void *arg)
{
    party *me = arg;
    if (filch_context_create(&me->context, NULL))
        filch_die("%s", filch_error());
    for (unsigned i = 0; i < EACH; i++) {
        submit_one(me, &me->in->items[me->index * EACH + i]);
        swap_policies(me, next(&me->random));
    }
    filch_context_release(me->context);
    signpost_raise(&me->in->ended);
}

static void *submit_as_thread(void *arg)
{
    submit_all(NULL, arg);
    return NULL;
}

/* ---- A round ---- */

static filch_pool *pool_number(storm *in, unsigned nth, uint64_t random)
{
    static const filch_pool_order order[POOLS] = {FILCH_ANY, FILCH_FIFO, FILCH_PRIORITY};
    filch_pool_config config = {.order = order[nth],
                                .runtime = nth == 3 ? NULL : in->rt,
                                .workers = nth == 3 ? 2 + (unsigned)random % 3 : 0,
                                .context = in->above,
                                .timed = random >> 8 & 1};
    if (nth == 3)
        config.order = (filch_pool_order)(random >> 10) % FILCH_ORDERS;
    config.aging = config.order == FILCH_PRIORITY ? FILCH_MILLISECOND : 0;
    if (nth) { /* else it is direct */
        config.full = (filch_when_full)(random % FILCH_FULL_CHOICES);
        config.width = 1 + (unsigned)(random >> 14) % 16;
        config.capacity = 1 + (size_t)(random >> 20) % 64;
    }
    if (random >> 26 & 1)
        config.limiter = in->limiter;
    if (random >> 27 & 1)
        config.breaker = in->breaker;
    if (random >> 28 & 1)
        config.retry = &again;
    if (random >> 29 & 1)
        config.dead_letters = in->letters;
    static const filch_adaptive_config adaptive = {.max = 16};
    if (nth >= 2 && (random >> 30 & 3) == 0) {
        config.adaptive = &adaptive;
        config.width = 0;
    }
    return pool_of(config);
}

static void set_up(storm *in, uint64_t seed, unsigned round)
{
    const filch_breaker_config breaker = {.consecutive = 12, .open_time = 50 * FILCH_MICROSECOND};
    const filch_dead_letter_queue_config letters = {.max = seed & 1 ? 0 : 20};
    filch_config config = {.workers = 64,
                           .queue = round & 1 ? "central-mutex" : "chase-lev",
                           .seed = seed,
                           .max_fibers = 256};
    *in = (storm){.seed = seed};
    cr_assert_eq(filch_runtime_create(&in->rt, &config), 0, "%s", filch_error());
    OK(filch_limiter_create(&in->limiter, (filch_limit){.rate = 1000000, .burst = 16}));
    cr_assert_eq(filch_breaker_create(&in->breaker, &breaker), 0, "%s", filch_error());
    cr_assert_eq(filch_dead_letter_queue_create(&in->letters, &letters), 0, "%s", filch_error());
    OK(filch_context_create(&in->above, NULL));
    for (unsigned i = 0; i < POOLS; i++)
        in->pool[i] = pool_number(in, i, stress_mix(seed + i));
}

/* Of some of the pools, each when so many submissions have been made. */
static void shut_some_down(storm *in)
{
    uint64_t random = stress_mix(in->seed ^ 5);
    for (unsigned i = 0; i < POOLS; i++) {
        filch_pool *pool = in->pool[next(&random) % POOLS];
        uint64_t moment = OWN * i / POOLS + next(&random) % (OWN / POOLS);
        while (filch_u64_load(&in->progress, FILCH_RELAXED) < moment &&
               signpost_count(&in->ended) < PARTIES)
            filch_sleep(20 * FILCH_MICROSECOND);
        switch (next(&random) % 6) {
        case 0:
            filch_pool_close(pool);
            break;
        case 1:
            filch_pool_shutdown(pool, filch_in(some_time(random >> 20) * 10));
            break;
        case 2:
            filch_pool_shutdown_now(pool);
            break;
        case 3:
            if (random >> 20 & 1)
                filch_context_cancel(in->above, 0);
            break;
        default:
            break;
        }
    }
}

static void check_item(const item *one)
{
    uint32_t submitted = filch_u32_load(&one->submitted, FILCH_RELAXED);
    uint32_t runs = filch_u32_load(&one->began, FILCH_RELAXED);
    bool told_of = submitted && !one->plain;
    cr_assert_eq(filch_u32_load(&one->inside, FILCH_ACQUIRE), 0);
    cr_assert_eq(filch_u32_load(&one->dropped, FILCH_ACQUIRE), told_of, "its data");
    cr_assert_eq(filch_u32_load(&one->told, FILCH_ACQUIRE), told_of ? submitted : 0, "its outcome");
    cr_assert_leq(runs, submitted * again.attempts);
    uint32_t outcome = filch_u32_load(&one->outcome, FILCH_RELAXED);
    if (submitted > 1) /* the outcomes of more than one job, told in any order */
        return;
    if (outcome == FILCH_SUCCEEDED)
        cr_assert_eq(filch_u32_load(&one->returned, FILCH_RELAXED), 1);
    else if (told_of && outcome != FILCH_TIMED_OUT)
        cr_assert_eq(filch_u32_load(&one->returned, FILCH_RELAXED), 0, "outcome %u", outcome);
}

/* Returns how many attempts there may have been, as the pool counts. */
static uint64_t check_pool(storm *in, unsigned nth, uint64_t *lettered)
{
    filch_pool_stats stats;
    filch_pool_stats_read(in->pool[nth], &stats, sizeof stats);
    uint64_t plain = filch_u64_load(&in->plain[nth], FILCH_RELAXED);
    cr_assert_eq(stats.accepted, filch_u64_load(&in->accepted[nth], FILCH_RELAXED));
    cr_assert_eq(stats.waiting + stats.running + stats.delayed, 0);
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++) {
        uint64_t of_told = filch_u64_load(&in->told[nth][i], FILCH_RELAXED);
        cr_assert_leq(of_told, stats.outcomes[i], "pool %u, outcome %u", nth, i);
        plain -= stats.outcomes[i] - of_told;
    }
    cr_assert_eq(plain, 0, "jobs without a reported outcome");
    *lettered += stats.outcomes[FILCH_DEAD_LETTERED];
    return stats.accepted + stats.retries;
}

/* All pools are at rest. */
static void check_policies(storm *in, uint64_t lettered)
{
    filch_dead_letter_queue_stats letters;
    filch_breaker_stats breaker;
    OK(filch_dead_letter_queue_stats_read(in->letters, &letters, sizeof letters));
    cr_assert_eq(letters.put, lettered);
    cr_assert_eq(letters.requeued, filch_u64_load(&in->requeued, FILCH_RELAXED));
    cr_assert_eq(letters.taken, 0);
    cr_assert_eq(letters.put, letters.kept + letters.requeued + letters.purged + letters.dropped);
    filch_breaker_stats_read(in->breaker, &breaker, sizeof breaker);
    cr_assert_eq(breaker.passed,
                 breaker.succeeded + breaker.failed + breaker.neither + breaker.late);
}

static uint64_t take_down(storm *in)
{
    uint64_t attempts = 0, began = 0, lettered = 0, accepted = 0;
    for (unsigned i = 0; i < POOLS; i++)
        filch_pool_close(in->pool[i]);
    for (unsigned i = 0; i < POOLS; i++) /* jobs of one submit to the others */
        OK(filch_pool_wait(in->pool[i], FILCH_FOREVER));
    for (unsigned i = 0; i < POOLS; i++) {
        attempts += check_pool(in, i, &lettered);
        accepted += filch_u64_load(&in->accepted[i], FILCH_RELAXED);
    }
    for (unsigned i = 0; i < OWN + NESTED; i++)
        began += filch_u32_load(&in->items[i].began, FILCH_RELAXED);
    cr_assert_leq(began, attempts);
    check_policies(in, lettered);
    for (unsigned i = 0; i < POOLS; i++)
        OK(filch_pool_destroy(in->pool[i]));
    filch_dead_letter_queue_destroy(in->letters);
    filch_breaker_destroy(in->breaker);
    filch_limiter_destroy(in->limiter);
    filch_context_release(in->above);
    OK(filch_runtime_destroy(in->rt));
    return accepted;
}

static void release_handles(party *parties, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        for (unsigned j = 0; j < KEPT; j++)
            filch_job_release(parties[i].kept[j]);
}

static uint64_t storm_of(storm *in, uint64_t seed, unsigned round)
{
    static party parties[PARTIES];
    pthread_t threads[THREADS];
    set_up(in, seed, round);
    for (unsigned i = 0; i < PARTIES; i++) {
        parties[i] = (party){.in = in, .index = i, .random = stress_mix(seed + i)};
        if (i < THREADS)
            cr_assert_eq(pthread_create(&threads[i], NULL, submit_as_thread, &parties[i]), 0);
        else
            OK(filch_go(in->rt, submit_all, &parties[i]));
    }
    shut_some_down(in);
    signpost_wait(&in->ended, PARTIES);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    release_handles(parties, 0, PARTIES / 2);
    uint64_t jobs = take_down(in);
    release_handles(parties, PARTIES / 2, PARTIES); /* they outlive their pools */
    for (unsigned i = 0; i < OWN + NESTED; i++)
        if (in->items[i].in)
            check_item(&in->items[i]);
    return jobs;
}

static void no_matter(const filch_failure *failure)
{
    if (failure->code != -EPROTO)
        filch_die("a panic: %s", failure->message);
}

Test(pool_chaos, jobs_are_neither_lost_nor_repeated, .timeout = 600)
{
    static storm in;
    uint64_t seed = stress_seed(), jobs = 0;
    unsigned rounds = stress_times(ROUNDS);
    filch_set_panic_handler(no_matter);
    for (unsigned i = 0; i < rounds; i++)
        jobs += storm_of(&in, stress_mix(seed + i), i);
    printf("%llu jobs in %u rounds\n", (unsigned long long)jobs, rounds);
}
