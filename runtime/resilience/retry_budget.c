/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The budget of retries: whole numbers of tokens / 10^9, so that a nanosecond at n a second is n of
 * them, a percent of a run 10^7, and nothing is rounded. All under its lock. */
#include <runtime/resilience/retry.h>
#include <runtime/resilience/retry_budget.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>

#include <errno.h>

enum { PERCENT_MOST = 1000, TOKENS_MOST = 1000000 };
static const int64_t TOKEN = FILCH_SECOND;

int fl_retry_budget_init_at(filch_retry_budget *budget, unsigned percent, unsigned per_second,
                            unsigned most, int64_t now)
{
    if (percent > PERCENT_MOST || per_second > TOKENS_MOST || most > TOKENS_MOST || !most)
        return fl_fail(EINVAL,
                       "a retry budget of %u %%, %u a second, at most %u; give it at most %d %%, "
                       "%d a second, 1 to %d",
                       percent, per_second, most, PERCENT_MOST, TOKENS_MOST, TOKENS_MOST);
    *budget = (filch_retry_budget){.percent = percent,
                                   .per_second = per_second,
                                   .most = most * TOKEN,
                                   .balance = most * TOKEN,
                                   .now = now};
    return 0;
}

/* ---- Under its lock ---- */

static void add(filch_retry_budget *budget, int64_t amount)
{
    int64_t room = budget->most - budget->balance;
    budget->balance += amount < room ? amount : room;
}

/* Adds the tokens that came with time. Times that go back count as the latest that was seen. */
static void refill(filch_retry_budget *budget, int64_t now)
{
    int64_t passed = now - budget->now, amount;
    if (passed <= 0)
        return;
    budget->now = now;
    if (__builtin_mul_overflow(passed, (int64_t)budget->per_second, &amount))
        amount = budget->most;
    add(budget, amount);
}

/* ---- Operations ---- */

bool fl_retry_budget_take_at(filch_retry_budget *budget, int64_t now)
{
    fl_lock(&budget->lock);
    refill(budget, now);
    bool any = budget->balance >= TOKEN;
    if (any)
        budget->balance -= TOKEN;
    fl_unlock(&budget->lock);
    return any;
}

void fl_retry_budget_put_at(filch_retry_budget *budget, int64_t now)
{
    fl_lock(&budget->lock);
    refill(budget, now);
    add(budget, budget->percent * (TOKEN / 100));
    fl_unlock(&budget->lock);
}

unsigned fl_retry_budget_left_at(const filch_retry_budget *budget, int64_t now)
{
    filch_retry_budget *looked_at = (filch_retry_budget *)budget; /* its lock, new tokens */
    fl_lock(&looked_at->lock);
    refill(looked_at, now);
    int64_t left = looked_at->balance / TOKEN;
    fl_unlock(&looked_at->lock);
    return (unsigned)left;
}

/* ---- Now ---- */

int filch_retry_budget_init(filch_retry_budget *budget, unsigned percent, unsigned per_second,
                            unsigned most)
{
    FL_GIVEN(budget);
    return fl_retry_budget_init_at(budget, percent, per_second, most, fl_now());
}

bool filch_retry_budget_take(filch_retry_budget *budget)
{
    FL_MUST_GIVE(budget);
    return fl_retry_budget_take_at(budget, fl_now());
}

void filch_retry_budget_put(filch_retry_budget *budget)
{
    FL_MUST_GIVE(budget);
    fl_retry_budget_put_at(budget, fl_now());
}

unsigned filch_retry_budget_left(const filch_retry_budget *budget)
{
    FL_MUST_GIVE(budget);
    return fl_retry_budget_left_at(budget, fl_now());
}
