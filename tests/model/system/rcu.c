/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Read-copy update as liburcu's bp flavour does it where membarrier works. A reader only stores to
 * a word of its own, without any fence, so that sections hide no missing order of the code under
 * test. A thread that waits for a grace period first reaches every thread by membarrier. A section
 * that began before the barrier came to its thread is waited for; a later one sees all that was
 * done before the grace period. retire.c holds the exact outcomes.
 *
 * One liberty: leaving a section is a release store. In liburcu a second membarrier, after the
 * wait, does the same for the processor, but nothing in the language says that a barrier of the
 * kernel hands over plain data. */
#include <tests/model/system/system.h>

#include <filch/atomic.h>
#include <urcu-bp.h>

#include <string.h>

static filch_u32 section[MC_THREADS]; /* is it in one? */
static unsigned depth[MC_THREADS];
static filch_ptr callbacks; /* struct rcu_head *, the newest first */
static unsigned readers;    /* threads, as bits */
static bool is_set_up;

void rcu_setup(unsigned reading)
{
    static const char *const name[] = {"section 0", "section 1", "section 2",
                                       "section 3", "section 4", "section 5"};
    readers = reading;
    is_set_up = true;
    memset(depth, 0, sizeof depth);
    memset(section, 0, sizeof section);
    memset(&callbacks, 0, sizeof callbacks);
    mc_name(&callbacks, "callbacks");
    for (unsigned i = 0; i < MC_THREADS; i++)
        mc_name(&section[i], name[i]), mc_own(i, &section[i], sizeof section[i]);
}

bool rcu_reads(void)
{
    return depth[mc_self()] > 0;
}

/* In a model that enlists no readers nobody waits for a grace period: sections are only counted. */
void urcu_bp_read_lock(void)
{
    if (!is_set_up)
        return;
    unsigned self = mc_self();
    MC_CLAIM(!readers || readers >> self & 1, "a reader that the model has not enlisted");
    if (!depth[self]++ && readers) {
        filch_u32_store(&section[self], 1, FILCH_RELAXED);
        filch_fence_light();
    }
}

void urcu_bp_read_unlock(void)
{
    if (!is_set_up)
        return;
    unsigned self = mc_self();
    MC_CLAIM(depth[self], "a read-side section is left that was not entered");
    if (!--depth[self] && readers)
        filch_u32_store(&section[self], 0, FILCH_RELEASE);
}

void urcu_bp_synchronize_rcu(void)
{
    unsigned self = mc_self();
    MC_CLAIM(readers, "a grace period is waited for where no readers are enlisted");
    MC_CLAIM(!depth[self], "a grace period is waited for in a read-side section");
    mc_membarrier(MC_HERE);
    for (unsigned i = 0; i < MC_THREADS; i++)
        if (i != self && readers >> i & 1)
            mc_await(&section[i], sizeof section[i], 1, MC_HERE);
}

void urcu_bp_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
    void *before = filch_ptr_load(&callbacks, FILCH_RELAXED);
    head->func = func;
    do
        head->next = before;
    while (!filch_ptr_cas(&callbacks, &before, head, FILCH_RELEASE));
}

void rcu_reclaimer(void)
{
    for (;;) {
        mc_await(&callbacks, sizeof callbacks, 0, MC_HERE);
        struct rcu_head *head = filch_ptr_exchange(&callbacks, NULL, FILCH_ACQ_REL);
        urcu_bp_synchronize_rcu();
        for (struct rcu_head *next; head; head = next) {
            next = head->next;
            head->func(head);
        }
    }
}

bool rcu_rests(void)
{
    return !filch_ptr_load(&callbacks, FILCH_RELAXED);
}
