/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A run has its state to itself; runs share only the budget, which has a lock of its own. A panic
 * of a caller's function leaves nothing behind, except that a token taken for an attempt stays
 * taken. */
#include <runtime/resilience/retry.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/config_ranges.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/time_sum.h>
#include <runtime/sync/cancellation.h>
#include <sched/rng.h>

#include <errno.h>

/* ---- Policies ---- */

static const int64_t CAP = 20 * FILCH_SECOND;
enum { PERCENT = 10 };

#define FIELD(name, standard) FL_NUMBER_FIELD(filch_retry_policy, name, standard, 1, FILCH_FOREVER)
static const fl_field fields[] = {
    FIELD(attempts, 3),
    FIELD(base, 100 * FILCH_MILLISECOND),
    FIELD(cap, 0),
    FIELD(time, FILCH_FOREVER),
    FL_NUMBER_FIELD(filch_retry_policy, percent, 0, 1, 100),
};

static int complete_percent(filch_retry_policy *policy)
{
    bool proportional = policy->jitter == FILCH_JITTER_PROPORTIONAL;
    if (policy->percent && !proportional)
        return fl_fail(EINVAL,
                       "a retry policy with percent = %u and another jitter; choose "
                       "FILCH_JITTER_PROPORTIONAL, or leave percent 0",
                       policy->percent);
    if (proportional && !policy->percent)
        policy->percent = PERCENT;
    return 0;
}

static int complete(const filch_retry_policy *from, filch_retry_policy *policy)
{
    *policy = from ? *from : (filch_retry_policy){0};
    int rc = fl_fields_complete(policy, fields, sizeof fields / sizeof *fields, "a retry policy");
    if (rc)
        return rc;
    if (!policy->cap)
        policy->cap = policy->base > CAP ? policy->base : CAP;
    if (policy->cap < policy->base)
        return fl_fail(EINVAL, "a retry policy with base = %lld, above cap = %lld; give it less",
                       (long long)policy->base, (long long)policy->cap);
    if (policy->factor == 0)
        policy->factor = 2;
    if (!(policy->factor >= 1)) /* not a number is none */
        return fl_fail(EINVAL, "a retry policy with factor = %g; give it 1 or more, or 0",
                       policy->factor);
    if ((unsigned)policy->jitter > FILCH_JITTER_PROPORTIONAL)
        return fl_fail(EINVAL,
                       "a retry policy with jitter %d; choose FILCH_JITTER_FULL, _EQUAL, "
                       "_DECORRELATED, _NONE or _PROPORTIONAL",
                       (int)policy->jitter);
    return complete_percent(policy);
}

/* ---- What is worth another attempt ---- */

bool filch_retryable(int code)
{
    static const int codes[] = {EAGAIN,       EBUSY,        EINTR,      ETIMEDOUT,
                                ENOBUFS,      ECONNREFUSED, ECONNRESET, ECONNABORTED,
                                EHOSTUNREACH, ENETUNREACH,  ENETDOWN,   ENETRESET};
    for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++)
        if (code == -codes[i])
            return true;
    return false;
}

static bool worth_it(const filch_retry_policy *policy, int code)
{
    return policy->retryable ? policy->retryable(code, policy->arg) : filch_retryable(code);
}

const char *filch_retry_verdict_name(filch_retry_verdict verdict)
{
    static const char *const names[] = {"again",       "succeeded", "not retryable",
                                        "no attempts", "no time",   "no budget"};
    return (unsigned)verdict < sizeof names / sizeof *names ? names[verdict] : "unknown";
}

/* ---- Waits ---- */

/* Infinity beyond the largest value. */
static double power(double factor, unsigned exponent)
{
    double result = 1;
    for (; exponent; exponent /= 2) {
        if (exponent % 2)
            result *= factor;
        factor *= factor;
    }
    return result;
}

/* Evenly from low .. high, both of them possible. */
static int64_t between(filch_retry_state *state, int64_t low, int64_t high)
{
    if (!state->random)
        state->random = fl_rng_seed(0, 0);
    double part = (double)(fl_rng_next(&state->random) >> 11) * 0x1p-53; /* 0 <= part < 1 */
    int64_t more = (int64_t)(part * ((double)(high - low) + 1));         /* below 2^63 */
    return more < high - low ? low + more : high;
}

static int64_t backoff(const filch_retry_policy *policy, unsigned attempt)
{
    double wait = (double)policy->base * power(policy->factor, attempt ? attempt - 1 : 0);
    return wait < (double)policy->cap ? (int64_t)wait : policy->cap;
}

static int64_t decorrelated(const filch_retry_policy *policy, filch_retry_state *state)
{
    int64_t last = state->last > policy->base ? state->last : policy->base, high;
    if (__builtin_mul_overflow(last, 3, &high))
        high = FILCH_FOREVER;
    int64_t wait = between(state, policy->base, high);
    return wait < policy->cap ? wait : policy->cap;
}

/* A wait of less than 100 / percent ns has no jitter. */
static int64_t proportional(const filch_retry_policy *policy, int64_t whole,
                            filch_retry_state *state)
{
    int64_t part = (int64_t)((__int128)whole * policy->percent / 100);
    int64_t high = part < policy->cap - whole ? whole + part : policy->cap;
    return between(state, whole - part, high);
}

static int64_t wait_after(const filch_retry_policy *policy, unsigned attempt,
                          filch_retry_state *state)
{
    int64_t whole = backoff(policy, attempt);
    switch (policy->jitter) {
    case FILCH_JITTER_FULL:
        return between(state, 0, whole);
    case FILCH_JITTER_EQUAL:
        return between(state, whole / 2, whole);
    case FILCH_JITTER_DECORRELATED:
        return decorrelated(policy, state);
    case FILCH_JITTER_PROPORTIONAL:
        return proportional(policy, whole, state);
    default:
        return whole;
    }
}

int64_t filch_retry_delay(const filch_retry_policy *policy, unsigned attempt,
                          filch_retry_state *state)
{
    FL_MUST_GIVE(state);
    filch_retry_policy whole;
    complete(policy, &whole); /* as when it was accepted */
    return state->last = wait_after(&whole, attempt, state);
}

/* ---- Steps ---- */

int fl_retry_check(const filch_retry_policy *policy)
{
    filch_retry_policy whole;
    return complete(policy, &whole);
}

int fl_retry_begin_at(const filch_retry_policy *policy, filch_retry_state *state, int64_t now)
{
    filch_retry_policy whole;
    if (!state)
        return fl_fail(EINVAL,
                       "filch_retry_state_begin without an address for the state; pass one");
    int rc = complete(policy, &whole);
    if (rc)
        return rc;
    uint64_t own = whole.seed ? whole.seed : fl_rng_seed(fl_ticks(), (uintptr_t)state);
    *state = (filch_retry_state){.random = fl_rng_seed(own, 0), .until = fl_later(now, whole.time)};
    if (whole.budget)
        fl_retry_budget_put_at(whole.budget, now);
    return 0;
}

int filch_retry_state_begin(const filch_retry_policy *policy, filch_retry_state *state)
{
    FL_GIVEN(state);
    return fl_retry_begin_at(policy, state, fl_now());
}

filch_retry_verdict fl_retry_next_at(const filch_retry_policy *policy, filch_retry_state *state,
                                     int code, int64_t *delay, int64_t now)
{
    filch_retry_policy whole;
    complete(policy, &whole); /* as when it was accepted */
    state->attempts += state->attempts < FILCH_RETRY_FOR_EVER;
    if (code >= 0)
        return FILCH_RETRY_SUCCEEDED;
    if (!worth_it(&whole, code))
        return FILCH_RETRY_FATAL;
    if (state->attempts >= whole.attempts && whole.attempts != FILCH_RETRY_FOR_EVER)
        return FILCH_RETRY_NO_ATTEMPTS;
    int64_t wait = state->last = wait_after(&whole, state->attempts, state);
    if (wait > state->until - now)
        return FILCH_RETRY_NO_TIME;
    if (whole.budget && !fl_retry_budget_take_at(whole.budget, now))
        return FILCH_RETRY_NO_BUDGET;
    *delay = wait;
    return FILCH_RETRY_AGAIN;
}

filch_retry_verdict filch_retry_state_next(const filch_retry_policy *policy,
                                           filch_retry_state *state, int code, int64_t *delay)
{
    FL_MUST_GIVE(state);
    return fl_retry_next_at(policy, state, code, delay, fl_now());
}

/* ---- Runs ---- */

void fl_retry_tell(const filch_retry_policy *policy, unsigned attempt, int code,
                   filch_retry_verdict verdict, int64_t delay)
{
    if (!policy || !policy->told)
        return;
    filch_retry_report report = {.attempt = attempt,
                                 .code = code,
                                 .verdict = verdict,
                                 .delay = verdict == FILCH_RETRY_AGAIN ? delay : 0};
    policy->told(&report, policy->arg);
}

int filch_retry_run(const filch_retry_policy *policy, filch_context *context, filch_retry_fn *fn,
                    void *arg, unsigned *attempts)
{
    filch_retry_state state;
    int64_t delay = 0, deadline = filch_context_deadline(context);
    if (!fn)
        return fl_fail(EINVAL, "filch_retry_run without a function; pass one");
    int rc = filch_retry_state_begin(policy, &state);
    if (rc)
        return rc;
    if (deadline < state.until)
        state.until = deadline;
    if (attempts)
        *attempts = 0;
    rc = fl_refused_by(filch_context_cause(context));
    while (!rc) {
        if (attempts)
            ++*attempts;
        int code = fn(arg);
        filch_retry_verdict verdict = filch_retry_state_next(policy, &state, code, &delay);
        fl_retry_tell(policy, state.attempts, code, verdict, delay);
        if (verdict != FILCH_RETRY_AGAIN)
            return code;
        rc = fl_context_sleep("filch_retry_run", context, delay);
    }
    return rc;
}

/* ---- Budgets ---- */

/* The budget of retries: whole numbers of tokens / 10^9, so that a nanosecond at n a second is n of
 * them, a percent of a run 10^7, and nothing is rounded. All under its lock. */

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
