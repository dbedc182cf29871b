/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/idle.h>
#include <sched/start.h>

/* The changes of I, each with its count. */
#define SEARCH (FL_IDLE_CHANGE + FL_IDLE_SEARCHER)
#define FOUND (FL_IDLE_CHANGE - FL_IDLE_SEARCHER)
#define SLEEP (FL_IDLE_CHANGE + FL_IDLE_SLEEPER - FL_IDLE_SEARCHER)
#define WAKE (FL_IDLE_CHANGE + FL_IDLE_SEARCHER - FL_IDLE_SLEEPER)
#define BORROW (FL_IDLE_CHANGE - FL_IDLE_SLEEPER)
#define RETIRE (FL_IDLE_CHANGE + FL_IDLE_RETIRED - FL_IDLE_SEARCHER)
#define RETURN (FL_IDLE_CHANGE - FL_IDLE_RETIRED)

void fl_idle_init(fl_idle *idle, unsigned retired)
{
    filch_u64_store(&idle->word, retired * FL_IDLE_RETIRED + FL_START(30) * FL_IDLE_CHANGE,
                    FILCH_SEQ_CST); /* both: not yet shared */
    filch_u32_store(&idle->tokens, 0, FILCH_SEQ_CST);
}

void fl_idle_search(fl_idle *idle)
{
    filch_u64_add(&idle->word, SEARCH, FILCH_SEQ_CST); /* BeginSearch */
}

uint64_t fl_idle_found(fl_idle *idle)
{
    return filch_u64_add(&idle->word, FOUND, FILCH_SEQ_CST); /* EndSearch */
}

bool fl_idle_was_last(uint64_t was)
{
    return fl_idle_searchers(was) == 1 && fl_idle_sleepers(was) > 0;
}

uint64_t fl_idle_sleep(fl_idle *idle)
{
    return filch_u64_add(&idle->word, SLEEP, FILCH_SEQ_CST); /* AnnounceSleep */
}

bool fl_idle_unchanged(fl_idle *idle, uint64_t was)
{
    uint64_t word = filch_u64_add(&idle->word, 0, FILCH_SEQ_CST); /* ConfirmEnd */
    return ((word ^ (was + SLEEP)) & ~FL_IDLE_NAPPING) == 0;
}

/* One sleeper less, if there is one. */
static bool rouse(fl_idle *idle, uint64_t how)
{
    uint64_t word = fl_idle_look(idle);
    while (fl_idle_sleepers(word) > 0)
        if (filch_u64_cas(&idle->word, &word, word + how,
                          FILCH_SEQ_CST)) /* RetractSleep, CountBorrowed */
            return true;
    return false;
}

bool fl_idle_retract(fl_idle *idle)
{
    return rouse(idle, WAKE);
}

bool fl_idle_borrow(fl_idle *idle)
{
    return rouse(idle, BORROW);
}

/* Searchers that are on their way, and are not relied on. If a token is taken or made meanwhile,
 * then I has changed, or there is one searcher more than tokens, and that one has the duty. */
static unsigned coming(fl_idle *idle, fl_unless unless)
{
    if (unless != FL_UNLESS_AWAKE)
        return 0;
    uint32_t tokens = filch_u32_load(&idle->tokens, FILCH_SEQ_CST); /* ReadSleepers */
    return tokens < FL_IDLE_COMING ? tokens : 0;
}

bool fl_idle_claim(fl_idle *idle, fl_unless unless)
{
    uint64_t word = fl_idle_look(idle);
    do {
        if (fl_idle_searchers(word) > coming(idle, unless) || fl_idle_sleepers(word) == 0)
            return false;
        if (unless == FL_UNLESS_NAPPING && (word & FL_IDLE_NAPPING))
            return false;
    } while (!filch_u64_cas(&idle->word, &word, word + WAKE, FILCH_SEQ_CST)); /* ReadSleepers */
    filch_u32_add(&idle->tokens, 1, FILCH_SEQ_CST);                           /* ReadSleepers */
    return true;
}

unsigned fl_idle_claim_more(fl_idle *idle, unsigned workers, unsigned cpus)
{
    uint64_t word = fl_idle_look(idle);
    unsigned more;
    do {
        more = fl_idle_lacking(word, workers, cpus);
        if (more == 0)
            return 0;
    } while (
        !filch_u64_cas(&idle->word, &word, word + more * WAKE, FILCH_SEQ_CST)); /* ReadSleepers */
    filch_u32_add(&idle->tokens, more, FILCH_SEQ_CST);                          /* ReadSleepers */
    return more;
}

void fl_idle_retire(fl_idle *idle)
{
    filch_u64_add(&idle->word, RETIRE, FILCH_SEQ_CST); /* RetireWorker */
}

void fl_idle_return(fl_idle *idle)
{
    filch_u64_add(&idle->word, RETURN, FILCH_SEQ_CST); /* ReturnToWork */
}

bool fl_idle_take_token(fl_idle *idle)
{
    uint32_t tokens = filch_u32_load(&idle->tokens, FILCH_SEQ_CST); /* TakeToken */
    while (tokens > 0)
        if (filch_u32_cas(&idle->tokens, &tokens, tokens - 1, FILCH_SEQ_CST)) /* TakeToken */
            return true;
    return false;
}

bool fl_idle_has_token(fl_idle *idle)
{
    return filch_u32_load(&idle->tokens, FILCH_SEQ_CST) > 0; /* RecheckToken */
}

void fl_idle_nap(fl_idle *idle, bool napping)
{
    if (napping)
        filch_u64_or(&idle->word, FL_IDLE_NAPPING, FILCH_SEQ_CST); /* TakeNap */
    else
        filch_u64_and(&idle->word, ~FL_IDLE_NAPPING, FILCH_SEQ_CST); /* TakeNap */
}
