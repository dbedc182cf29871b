/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks and threads that gather at random, from functions that succeed, fail, panic and are slow,
 * with all quorums and little time. Each verdict agrees with its answers, each argument is released
 * once, each answer received or dropped once. */
#include <filch/gather.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 12, THREADS = 4, MOST = 7 };

static signpost made, had, args, released;
static uint64_t seed;

static int consult(filch_self self, filch_context *context, void *arg, void **answer)
{
    uint64_t random = *(uint64_t *)arg;
    if (random % 16 == 0)
        filch_context_wait(context, filch_in((int64_t)(random >> 8) % 300000));
    else if (random % 4 == 1)
        filch_yield(self);
    if (random % 32 == 2)
        FILCH_PANIC(-EPROTO, "as it was told");
    if (random % 8 == 3)
        return -EDOM;
    *answer = malloc(1);
    signpost_raise(&made);
    return 0;
}

static void take_value(void *value)
{
    free(value);
    signpost_raise(&had);
}

static void release_arg(void *arg)
{
    free(arg);
    signpost_raise(&released);
}

static void check(const filch_gather_config *config, const filch_answer *answers, int rc)
{
    size_t succeeded = 0, failed = 0;
    for (size_t i = 0; i < config->count; i++) {
        int code = answers[i].failure.code;
        cr_assert(code == 0 || code == -EDOM || code == -EPROTO || code == -EINPROGRESS);
        cr_assert(code == 0 || !answers[i].value);
        succeeded += code == 0;
        failed += code && code != -EINPROGRESS;
        if (code == 0)
            take_value(answers[i].value);
    }
    cr_assert_eq(rc == 0, succeeded == config->quorum);
    cr_assert_leq(succeeded, config->quorum);
    cr_assert_eq(rc == -ENODATA, config->count - failed + 1 == config->quorum);
    cr_assert(rc == 0 || rc == -ENODATA || rc == -ETIMEDOUT, "%d", rc);
}

static void gather_many(filch_self self, void *unused, unsigned index)
{
    unsigned times = stress_times(400);
    for (unsigned i = 0; i < times; i++) {
        uint64_t random = stress_mix(seed + index * UINT64_C(1000003) + i);
        filch_ask asks[MOST];
        filch_answer answers[MOST];
        filch_gather_config config = {.asks = asks,
                                      .count = 1 + random % MOST,
                                      .drop = take_value,
                                      .release = release_arg,
                                      .linger = random % 3 == 0};
        config.quorum = 1 + (random >> 8) % config.count;
        for (size_t k = 0; k < config.count; k++) {
            uint64_t *arg = malloc(sizeof *arg);
            *arg = stress_mix(random + k);
            asks[k] = (filch_ask){.fn = consult, .arg = arg};
            signpost_raise(&args);
        }
        int rc = filch_gather(filch_runtime_here() ? NULL : unused, &config, answers,
                              random % 4 ? party_deadline(random >> 16) : FILCH_FOREVER);
        check(&config, answers, rc);
    }
}

Test(gathers, verdicts_match_answers_without_loss)
{
    seed = stress_seed();
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 1000000);
        parties_meet(rt, TASKS, THREADS, gather_many, rt);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c)); /* all have come home */
        cr_assert_eq(signpost_count(&args), signpost_count(&released));
        cr_assert_eq(signpost_count(&made), signpost_count(&had));
    }
}
