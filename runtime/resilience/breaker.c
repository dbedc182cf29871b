/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A breaker: the state machine of runtime/resilience/breaker_state.h under a lock, and the telling
 * of its changes. All shared data is under the lock, which is held for some instructions and never
 * while a caller's function runs.
 *
 * Telling: a thread that changes the state puts the change into a ring. Unless there is a teller
 * already, it becomes the teller: it takes changes out and tells them, one by one, until there are
 * none. `telling` is set and changes are taken out under the lock, so there is one teller at a
 * time, and it tells in order. A thread that sees a teller has put its change in before that teller
 * looks again. A panic of the callback in a task ends the call in which it came: a cleanup tells
 * what is left, and gives back the ticket that this call will not hand out.
 * Life: the breaker's owner destroys it when no call on it is under way; tickets point to
 * nothing. */
#include <runtime/platform/sized_struct.h>
#include <runtime/resilience/breaker.h>

#include <runtime/engine/panic.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/resilience/breaker_state.h>

#include <errno.h>
#include <stdlib.h>

#ifdef FILCH_TINY
enum { KEPT = 2 };
#else
enum { KEPT = 16 };
#endif

struct filch_breaker {
    filch_u32 lock;
    uint32_t life; /* runtime/platform/given.h */
    fl_users users;
    fl_breaker_machine machine;
    bool telling;
    unsigned first, count; /* of the changes that were not told */
    filch_breaker_change changes[KEPT];
    uint64_t room[]; /* the window's */
};

/* ---- Life ---- */

int fl_breaker_create_at(filch_breaker **out, const filch_breaker_config *config, int64_t now)
{
    if (!out)
        return fl_fail(EINVAL, "filch_breaker_create without an address for the breaker; pass one");
    filch_breaker_config complete = {0};
    if (config)
        complete = *config;
    int rc = fl_breaker_complete(&complete);
    if (rc)
        return rc;
    filch_breaker *breaker = calloc(1, sizeof *breaker + fl_breaker_room(&complete));
    if (!breaker)
        return fl_fail(ENOMEM, "no memory for a breaker; give it a smaller window");
    fl_breaker_begin(&breaker->machine, &complete, breaker->room, now);
    fl_life_begin(&breaker->life);
    *out = breaker;
    return 0;
}

int filch_breaker_create(filch_breaker **out, const filch_breaker_config *config)
{
    FL_GIVEN(out);
    return fl_breaker_create_at(out, config, fl_now());
}

fl_users *fl_breaker_users(filch_breaker *breaker)
{
    return &breaker->users;
}

int filch_breaker_destroy(filch_breaker *breaker)
{
    FL_MAY_LIVE(breaker);
    int rc = breaker ? fl_users_refuse(&breaker->users, "filch_breaker_destroy") : 0;
    if (rc || !breaker)
        return rc;
    fl_life_end(&breaker->life);
    free(breaker);
    return 0;
}

/* ---- Telling ---- */

/* The lock is held; `last` was the number of the last change before. true: there is one to tell. */
static bool keep_change(filch_breaker *breaker, uint64_t last)
{
    const filch_breaker_change *change = &breaker->machine.last;
    if (change->number == last || !breaker->machine.config.changed)
        return false;
    if (breaker->count < KEPT) {
        breaker->changes[(breaker->first + breaker->count++) % KEPT] = *change;
        return true;
    }
    filch_breaker_change *newest = &breaker->changes[(breaker->first + breaker->count - 1) % KEPT];
    filch_breaker_state from = newest->from;
    *newest = *change;
    newest->from = from;
    return true;
}

/* true: the caller is the teller, of this change. */
static bool begin_telling(filch_breaker *breaker, filch_breaker_change *change)
{
    fl_lock(&breaker->lock);
    bool any = !breaker->telling && breaker->count;
    if (any) {
        breaker->telling = true;
        *change = breaker->changes[breaker->first];
        breaker->first = (breaker->first + 1) % KEPT;
        breaker->count--;
    }
    fl_unlock(&breaker->lock);
    return any;
}

static void end_telling(filch_breaker *breaker)
{
    fl_lock(&breaker->lock);
    breaker->telling = false;
    fl_unlock(&breaker->lock);
}

typedef struct teller {
    filch_breaker *breaker;
    filch_breaker_ticket *ticket; /* that it would hand out, or NULL */
    filch_breaker_change change;
    filch_defer record;
} teller;

static void tell_one(filch_self self, void *arg)
{
    (void)self;
    const teller *one = arg;
    const filch_breaker_config *config = &one->breaker->machine.config;
    config->changed(one->breaker, &one->change, config->arg);
}

static void tell_the_rest(void *arg)
{
    teller *one = arg;
    filch_failure later; /* the first one counts */
    end_telling(one->breaker);
    if (one->ticket)
        fl_breaker_report_at(one->breaker, one->ticket, FILCH_BREAKER_NEITHER, 0);
    while (begin_telling(one->breaker, &one->change)) {
        fl_catch(one->record.self, NULL, tell_one, one, &later);
        end_telling(one->breaker);
    }
}

static FILCH_COLD void tell(filch_breaker *breaker, filch_breaker_ticket *ticket)
{
    teller here = {.breaker = breaker, .ticket = ticket};
    bool in_a_task = fl_defer_here(&here.record, tell_the_rest, &here);
    while (begin_telling(breaker, &here.change)) {
        tell_one(NULL, &here);
        end_telling(breaker);
    }
    if (in_a_task)
        fl_undefer_here(&here.record);
}

/* ---- Calls ---- */

static FILCH_COLD int refuse(const char *name, const filch_breaker_stats *stats, int64_t now)
{
    int64_t ms = (stats->until - now) / FILCH_MILLISECOND;
    if (stats->state == FILCH_BREAKER_HALF_OPEN)
        return fl_fail(EHOSTDOWN, "%s is half-open, and %u probes are running; call again later",
                       name, stats->probes);
    if (stats->until == FILCH_FOREVER)
        return fl_fail(EHOSTDOWN, "%s is open; reset it", name);
    return fl_fail(EHOSTDOWN, "%s is open; call again in %lld ms", name, (long long)ms + 1);
}

int fl_breaker_allow_at(filch_breaker *breaker, filch_breaker_ticket *ticket, int64_t now)
{
    fl_lock(&breaker->lock);
    uint64_t last = breaker->machine.last.number;
    bool allowed = fl_breaker_ask(&breaker->machine, ticket, now);
    bool changed = keep_change(breaker, last);
    filch_breaker_stats stats = breaker->machine.stats;
    fl_unlock(&breaker->lock);
    if (FILCH_UNLIKELY(changed))
        tell(breaker, allowed ? ticket : NULL);
    return allowed ? 0 : refuse(breaker->machine.config.name, &stats, now);
}

int filch_breaker_allow(filch_breaker *breaker, filch_breaker_ticket *ticket)
{
    FL_ALIVE(breaker);
    FL_GIVEN(ticket);
    return fl_breaker_allow_at(breaker, ticket, fl_now());
}

int fl_breaker_report_at(filch_breaker *breaker, filch_breaker_ticket *ticket,
                         filch_breaker_verdict verdict, int64_t now)
{
    fl_lock(&breaker->lock);
    uint64_t last = breaker->machine.last.number;
    int rc = fl_breaker_count(&breaker->machine, ticket, verdict, now);
    bool changed = keep_change(breaker, last);
    fl_unlock(&breaker->lock);
    if (FILCH_UNLIKELY(changed))
        tell(breaker, NULL);
    return rc;
}

int filch_breaker_report(filch_breaker *breaker, filch_breaker_ticket *ticket,
                         filch_breaker_verdict verdict)
{
    FL_ALIVE(breaker);
    FL_GIVEN(ticket);
    if ((unsigned)verdict > FILCH_BREAKER_NEITHER)
        return fl_fail(EINVAL,
                       "a call reported as %d; choose FILCH_BREAKER_FAILURE, _SUCCESS or "
                       "_NEITHER",
                       (int)verdict);
    int rc = fl_breaker_report_at(breaker, ticket, verdict, fl_now());
    return rc == -EALREADY
               ? fl_fail(EALREADY,
                         "this ticket was already reported, or never issued; report each once")
               : fl_plainly(rc);
}

typedef struct guarded_call {
    filch_breaker *breaker;
    filch_breaker_ticket ticket;
} guarded_call;

static void report_panic(void *arg)
{
    guarded_call *of = arg;
    fl_breaker_report_at(of->breaker, &of->ticket, FILCH_BREAKER_FAILURE, fl_now());
}

filch_breaker_verdict fl_breaker_judge(const filch_breaker *breaker, int code)
{
    const filch_breaker_config *config = &breaker->machine.config;
    if (config->judge)
        return config->judge(code, config->arg);
    if (code >= 0)
        return FILCH_BREAKER_SUCCESS;
    return code == -ECANCELED ? FILCH_BREAKER_NEITHER : FILCH_BREAKER_FAILURE;
}

int filch_breaker_call(filch_breaker *breaker, int (*fn)(void *arg), void *arg)
{
    FL_ALIVE(breaker);
    guarded_call here = {.breaker = breaker};
    if (!fn)
        return fl_fail(EINVAL, "filch_breaker_call without a function; pass one");
    int rc = filch_breaker_allow(breaker, &here.ticket);
    if (rc)
        return rc;
    filch_defer record;
    bool in_a_task = fl_defer_here(&record, report_panic, &here);
    rc = fn(arg);
    filch_breaker_verdict verdict = fl_breaker_judge(breaker, rc);
    if (in_a_task)
        fl_undefer_here(&record);
    fl_breaker_report_at(breaker, &here.ticket, verdict, fl_now());
    return rc;
}

/* ---- By hand ---- */

int fl_breaker_trip_at(filch_breaker *breaker, int64_t until, int64_t now)
{
    if (until < 0)
        return fl_fail(EINVAL,
                       "a breaker tripped until %lld ns; give a time from filch_in(), or "
                       "FILCH_FOREVER",
                       (long long)until);
    fl_lock(&breaker->lock);
    uint64_t last = breaker->machine.last.number;
    fl_breaker_force_open(&breaker->machine, until, now);
    bool changed = keep_change(breaker, last);
    fl_unlock(&breaker->lock);
    if (changed)
        tell(breaker, NULL);
    return 0;
}

int filch_breaker_trip(filch_breaker *breaker, int64_t until)
{
    FL_ALIVE(breaker);
    return fl_breaker_trip_at(breaker, until, fl_now());
}

void fl_breaker_reset_at(filch_breaker *breaker, int64_t now)
{
    fl_lock(&breaker->lock);
    uint64_t last = breaker->machine.last.number;
    fl_breaker_force_closed(&breaker->machine, now);
    bool changed = keep_change(breaker, last);
    fl_unlock(&breaker->lock);
    if (changed)
        tell(breaker, NULL);
}

void filch_breaker_reset(filch_breaker *breaker)
{
    FL_MUST_LIVE(breaker);
    fl_breaker_reset_at(breaker, fl_now());
}

/* ---- Queries ---- */

void fl_breaker_look_at(const filch_breaker *breaker, filch_breaker_stats *out, int64_t now)
{
    filch_breaker *looked_at = (filch_breaker *)breaker; /* its lock is, and its window grows old */
    fl_lock(&looked_at->lock);
    *out = fl_breaker_stats_at(&looked_at->machine, now);
    fl_unlock(&looked_at->lock);
}

void filch_breaker_stats_read(const filch_breaker *breaker, filch_breaker_stats *out, size_t size)
{
    FL_MUST_LIVE(breaker);
    FL_MUST_GIVE(out);
    filch_breaker_stats all;
    fl_breaker_look_at(breaker, &all, fl_now());
    fl_answer(out, size, &all, sizeof all);
}

filch_breaker_state filch_breaker_state_read(const filch_breaker *breaker)
{
    FL_MUST_LIVE(breaker);
    filch_breaker_stats stats;
    filch_breaker_stats_read(breaker, &stats, sizeof stats);
    return stats.state;
}

const char *filch_breaker_state_name(filch_breaker_state state)
{
    static const char *const names[] = {"closed", "open", "half-open"};
    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}
