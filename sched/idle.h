/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Who is searching, who sleeps: the decisions of the idle protocol (docs/idle.md tells it whole,
 * with the proof). A worker is running (not counted), searching (Q) or sleeping (S). The word I
 * holds S, Q and NAPPING; `tokens` counts wake-ups that were decided and not yet taken. The runtime
 * owns the futexes; here is only the counting.
 *
 * Publisher, after its release store and a seq_cst fence:
 *   P6 fl_idle_claim; true: a token was made, ring a sleeper
 * Searcher that found work:
 *   fl_idle_found; if fl_idle_was_last: poke every owner, look whether there is more
 * Searcher that found nothing:
 *   I1 fl_idle_sleep: S + 1, Q - 1, seq_cst; was it the last?
 *   I2 if so: poke every owner, heavy fence, look everywhere
 *   I3 work seen: fl_idle_retract (S - 1, Q + 1); it fails when S is 0: then a token is coming
 *   I4 fl_idle_take_token, else sleep on the bell
 *
 * Edges: all operations on I are seq_cst, so that publisher (store; fence; load I) and sleeper (I1;
 * look) are a Dekker pair: one sees the other. tokens: add and CAS, seq_cst, against the bell (see
 * runtime/core/park.c). */
#ifndef FL_IDLE_H
#define FL_IDLE_H

#include <filch/atomic.h>

#include <stdbool.h>

#define FL_IDLE_SLEEPER ((uint64_t)1)
#define FL_IDLE_SEARCHER ((uint64_t)1 << 16)
#define FL_IDLE_CHANGE ((uint64_t)1 << 33) /* counts changes, so that "as before" can be told */
#define FL_IDLE_NAPPING                                                                            \
    ((uint64_t)1 << 32) /* the last searcher sleeps with a timeout: pushes need not wake */

typedef struct fl_idle {
    filch_u64 word;
    char apart1[FILCH_APART - sizeof(filch_u64)];
    filch_u32 tokens;
    char apart2[FILCH_APART - sizeof(filch_u32)];
} fl_idle;

static inline unsigned fl_idle_sleepers(uint64_t word)
{
    return word & 0xffff;
}

static inline unsigned fl_idle_searchers(uint64_t word)
{
    return (word >> 16) & 0xffff;
}

static inline uint64_t fl_idle_look(fl_idle *idle)
{
    return filch_u64_load(&idle->word, FILCH_SEQ_CST);
}

/* Workers count as running until they search for the first time, which they do when they start. */
void fl_idle_init(fl_idle *idle);
/* Running -> searching. */
void fl_idle_search(fl_idle *idle);
/* Searching -> running; returns I as it was before. */
uint64_t fl_idle_found(fl_idle *idle);
/* Does nobody search after that, although some sleep? */
bool fl_idle_was_last(uint64_t was);
/* Searching -> sleeping; returns I as it was before. */
uint64_t fl_idle_sleep(fl_idle *idle);
/* Has nobody searched, found, slept or been woken since the fl_idle_sleep that returned `was`? */
bool fl_idle_unchanged(fl_idle *idle, uint64_t was);
/* Sleeping -> searching of the caller's own accord; false: nobody is counted as sleeping, so a
 * token is on its way. */
bool fl_idle_retract(fl_idle *idle);
/* A publisher's decision: unless somebody searches or nobody sleeps (or, if `may_mute`, a napper
 * will look by itself), one sleeper becomes a searcher and a token is made for it. */
bool fl_idle_claim(fl_idle *idle, bool may_mute);
bool fl_idle_take_token(fl_idle *idle);
bool fl_idle_has_token(fl_idle *idle);
void fl_idle_nap(fl_idle *idle, bool napping);

#endif
