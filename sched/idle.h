/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The idle protocol's decisions: which workers search, and which sleep. docs/internals/idle.md tells it
 * whole, with the proof. A worker is running (not counted), searching (Q), sleeping (S) or retired
 * (R: its slot is not active; work does not wake it). The word I holds S, Q, R and NAPPING;
 * `tokens` counts wake-ups that were decided and not yet taken. This module only counts; the
 * runtime owns the futexes.
 *
 * Steps and edges. All operations on I are seq_cst, so that publisher (store; fence; load I) and
 * sleeper (AnnounceSleep; look) are a Dekker pair: one sees the other. So are those on tokens,
 * against the park word (ParkSleeper to LeavePark of runtime/engine/park.c).
 * Publisher, after PublishTask and ReadLimit of <filch/fork.h>, or after another release store. A
 * poked one comes by RearmLimit of sched/forkstack.h: a poke that it overwrites came before
 * ReadSleepers, which then sees AnnounceSleep.
 *   PublisherFence: seq_cst fence                   |  AnnounceSleep; one of the two sees the
 *                                                      other
 *   ReadSleepers, fl_idle_claim: load and CAS I,    -> TakeToken; the woken worker searches
 *      seq_cst; if done, add a token, seq_cst, and
 *      unpark a sleeper (UnparkSleeper)
 * Searcher:
 *   BeginSearch, fl_idle_search: Q + 1, seq_cst     -> ReadSleepers: wakes nobody; the duty is
 *                                                      the searcher's, to EndSearch or
 *                                                      AnnounceSleep
 *   EndSearch, found work, fl_idle_found: Q - 1,    |  PublisherFence, ReadSleepers: one that
 *      seq_cst; if fl_idle_was_last: seq_cst           saw it search published before; one of
 *      fence, poke, seq_cst fence, look whether        the two sees the other, but for one fork
 *      there is more; if so, fl_idle_claim_more,       (docs/internals/idle.md)
 *      as ReadSleepers
 *   AnnounceSleep, found nothing, fl_idle_sleep: S  |  PublisherFence, ReadSleepers; one of the
 *      + 1, Q - 1, seq_cst; was it the last?           two sees the other
 *   LastScan, if so: seq_cst fence; poke every      |  ReadLimit, RearmLimit: one of the two sees
 *      owner: exchange limit -> NULL, acq_rel;         the other
 *      heavy fence; look everywhere
 *   RetractSleep, work seen, fl_idle_retract: CAS   |  ReadSleepers: of two that take the last
 *      S - 1, Q + 1, seq_cst                           sleeper one wins; if it fails a token is
 *                                                      coming
 *   TakeToken, fl_idle_take_token: load and CAS     <- ReadSleepers; against the park word,
 *      tokens, seq_cst; else sleep on the park         ParkSleeper
 *      word
 *   RecheckToken, fl_idle_has_token: load tokens,   |  ReadSleepers and the unparking
 *      seq_cst, after the park word was put to         (UnparkSleeper, LeavePark)
 *      AWAKE
 *   RetireWorker: its slot is active no more,       |  AnnounceSleep, ReadSleepers, as
 *      fl_idle_retire: R + 1, Q - 1, seq_cst; then     EndSearch: publishers that saw it search
 *      PublisherFence, ReadSleepers                    woke nobody, and of it and a sleeper one
 *                                                      sees the other
 *                                                      (runtime/engine/worker_set.h)
 *   TakeNap: or and and of NAPPING, seq_cst;        -> ReadSleepers of a push: sees it and wakes
 *      seq_cst fence, look; sleep with a timeout       nobody; the search after the timeout
 *                                                      finds the item
 * Guest (runtime/engine/guest.h), which works in a sleeper's place:
 *   CountBorrowed, fl_idle_borrow: load and CAS I,  |  ReadSleepers, RetractSleep: of two that
 *      S - 1, seq_cst; from then on it is running      take the last sleeper one wins; if it
 *                                                      fails a token is coming
 * Retired worker:
 *   ReturnToWork: its slot is active again,         -> AnnounceSleep, ReadSleepers; to them it
 *      fl_idle_return: R - 1, seq_cst                  is running, until BeginSearch
 *
 * Models: tests/model/idle.c; for any number of workers, tests/parametric/idle.protocol. */
#ifndef FL_IDLE_H
#define FL_IDLE_H

#include <filch/atomic.h>

#include <stdbool.h>

#define FL_IDLE_MOST 0x7ffu /* of each: S, Q and R */
#define FL_IDLE_SLEEPER ((uint64_t)1)
#define FL_IDLE_SEARCHER ((uint64_t)1 << 11)
#define FL_IDLE_RETIRED ((uint64_t)1 << 22)
/* Counts changes, so that "as before" can be told; 30 bits, which wrap. */
#define FL_IDLE_CHANGE ((uint64_t)1 << 34)
#define FL_IDLE_NAPPING                                                                            \
    ((uint64_t)1 << 33) /* the last searcher sleeps with a timeout: pushes need not wake */

typedef struct fl_idle {
    filch_u64 word;
    char apart1[FILCH_APART - sizeof(filch_u64)];
    filch_u32 tokens;
    char apart2[FILCH_APART - sizeof(filch_u32)];
} fl_idle;

static inline unsigned fl_idle_sleepers(uint64_t word)
{
    return word & FL_IDLE_MOST;
}

static inline unsigned fl_idle_searchers(uint64_t word)
{
    return (word / FL_IDLE_SEARCHER) & FL_IDLE_MOST;
}

/* Sleeping or retired workers: they do nothing, and hold no fork. */
static inline unsigned fl_idle_resting(uint64_t word)
{
    return fl_idle_sleepers(word) + ((word / FL_IDLE_RETIRED) & FL_IDLE_MOST);
}

static inline uint64_t fl_idle_look(fl_idle *idle)
{
    return filch_u64_load(&idle->word,
                          FILCH_SEQ_CST); /* ReadSleepers, RetractSleep; or a fence came before */
}

/* `retired` workers are retired; the others count as running until they search for the first time,
 * which they do when they start. */
void fl_idle_init(fl_idle *idle, unsigned retired);
/* Running -> searching. */
void fl_idle_search(fl_idle *idle);
/* Searching -> running; returns I as it was before. */
uint64_t fl_idle_found(fl_idle *idle);
/* Does no worker search after that, although some sleep? */
bool fl_idle_was_last(uint64_t was);
/* Searching -> sleeping; returns I as it was before. */
uint64_t fl_idle_sleep(fl_idle *idle);
/* Has I not changed (search, found, sleep, wake) since the fl_idle_sleep that returned `was`? An
 * addition of 0 reads I: it has the last value, and what others do after they have changed I comes
 * after it (ConfirmEnd of runtime/engine/park.c). */
bool fl_idle_unchanged(fl_idle *idle, uint64_t was);
/* Sleeping -> searching of the caller's own accord; false: no worker is counted as sleeping, so a
 * token is on its way. */
bool fl_idle_retract(fl_idle *idle);
/* Sleeping -> running, for a guest; false: no worker is counted as sleeping, so a token is on its
 * way. */
bool fl_idle_borrow(fl_idle *idle);
/* A publisher's decision: if a worker sleeps, and `unless` does not hold, one sleeper becomes a
 * searcher and a token is made for it. */
typedef enum fl_unless {
    FL_UNLESS_NAPPING,   /* a worker searches, or a napper will look by itself */
    FL_UNLESS_SEARCHING, /* a worker searches */
    FL_UNLESS_AWAKE /* a worker searches that has taken its token, since being woken takes long;
                            or FL_IDLE_COMING are on their way */
} fl_unless;
enum { FL_IDLE_COMING = 2 };
bool fl_idle_claim(fl_idle *idle, fl_unless unless);
/* As many workers search as run, while there is more work: half of those that are awake, or of the
 * CPUs if these are fewer. So the wake-ups of many workers overlap, and all are awake after a time
 * that grows with the logarithm of their number; one after another 1,024 would need 34 ms
 * (docs/lab/scale.md). */
/* Sleepers that a finder may wake if it sees more work: one if nobody searches. */
static inline unsigned fl_idle_lacking(uint64_t word, unsigned workers, unsigned cpus)
{
    unsigned awake = workers - fl_idle_resting(word);
    unsigned enough = (awake < cpus ? awake : cpus) / 2;
    unsigned searchers = fl_idle_searchers(word), sleepers = fl_idle_sleepers(word);
    unsigned more = enough > searchers ? enough - searchers : searchers == 0;
    return more < sleepers ? more : sleepers;
}
/* A finder's decision: all that are lacking become searchers, with a token for each. Returns how
 * many. */
unsigned fl_idle_claim_more(fl_idle *idle, unsigned workers, unsigned cpus);
/* Searching -> retired. */
void fl_idle_retire(fl_idle *idle);
/* Retired -> running. */
void fl_idle_return(fl_idle *idle);
bool fl_idle_take_token(fl_idle *idle);
bool fl_idle_has_token(fl_idle *idle);
void fl_idle_nap(fl_idle *idle, bool napping);

#endif
