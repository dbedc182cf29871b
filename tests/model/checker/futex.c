/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sleeping and waking, as the kernel does it. The sleepers of a word are the bits of another one. A
 * sleeper enters itself there, then looks at the word once more; a waker looks for sleepers. Each
 * has a fence between its two steps, so one sees the other. Only that: no plain data is handed
 * over. */
#include <tests/model/checker/state.h>

static uint64_t own_bit(void)
{
    return 1u << mc.self;
}

static void change_sleepers(int sleepers, uint64_t operand, bool in, const char *where)
{
    int source = mc_choose_store((mc_step){MC_RMW, sleepers, 0, MC_RELAXED, where});
    uint64_t value = mc.event[source].value;
    mc_add_rmw(sleepers, source, in ? value | operand : value & ~operand, MC_RELAXED);
}

/* The value was chosen before it was clear that the thread may sleep. Where it may not, this
 * execution shows no later stores, so the look has to wait for them in any case. */
static void look_once_more(int location, int source, int choice, int events)
{
    mc.thread[mc.self].choice = choice;
    mc.thread[mc.self].looked = MC_NONE;
    if (mc.location[location].written >= events)
        mc_came_later(choice);
    if (mc.event[source].rank < mc_floor(&mc.thread[mc.self].now, location) ||
        !mc_psc_allows_read(location, source, MC_RELAXED)) {
        mc_came_later(choice);
        mc_prune();
    }
    mc_add_read(location, source, MC_RELAXED);
}

static bool sleep_at(int sleepers, bool timed, const char *where)
{
    mc_kind kind = timed ? MC_NAP : MC_SLEEP;
    int source = mc_choose_store((mc_step){kind, sleepers, own_bit(), MC_RELAXED, where});
    uint64_t value = mc.event[source].value;
    bool over = value & own_bit();
    if (over)
        mc_add_rmw(sleepers, source, value & ~own_bit(), MC_RELAXED);
    else
        mc_add_read(sleepers, source, MC_RELAXED);
    mc_add_fence(where);
    if (mc.tracing)
        mc_trace(mc.self, where, over ? "wakes at its time limit" : "is woken");
    return over;
}

bool mc_futex_wait(void *address, uint32_t expected, bool timed, const char *where)
{
    int location = mc_location_of(address, 4), sleepers = mc_sleepers_of(address);
    mc_add_fence(where);
    int source = mc_choose_store((mc_step){MC_LOAD, location, 0, MC_RELAXED, where});
    int choice = mc.thread[mc.self].choice, events = mc.events;
    uint32_t value = (uint32_t)mc.event[source].value;
    mc_role_passed(value);
    if (mc.tracing)
        mc_trace(mc.self, where, value == expected ? "sleeps on %s" : "futex: %s is %u",
                 mc_name_of(address), value);
    if (value != expected) {
        mc_add_read(location, source, MC_RELAXED);
        return false;
    }
    mc.thread[mc.self].looked = choice;
    mc.thread[mc.self].looked_at = location;
    change_sleepers(sleepers, own_bit(), true, where);
    mc_add_fence(where);
    look_once_more(location, source, choice, events);
    return sleep_at(sleepers, timed, where);
}

/* The kernel's order is not told. Alike threads are woken in any order; others, to make fewer
 * executions, the lowest first. */
static uint64_t without_some(uint64_t sleepers, unsigned most)
{
    while (sleepers && most--) {
        uint64_t lower = 0, left = sleepers;
        int among = __builtin_popcountll(sleepers);
        bool any = mc.alike && (unsigned)among > most + 1;
        for (unsigned passed = any ? mc_choose((unsigned)among) : 0; passed--; left &= left - 1)
            lower |= left & -left;
        sleepers = lower | (left & (left - 1));
    }
    return sleepers;
}

/* By its address alone: the object there may be gone. */
void mc_futex_wake(void *address, unsigned most, const char *where)
{
    mc_add_fence(where);
    if (mc.tracing)
        mc_trace(mc.self, where, "futex wake on %s", mc_name_of(address));
    int sleepers = mc_sleepers_of(address);
    int source = mc_choose_store((mc_step){MC_WAKE, sleepers, 0, MC_RELAXED, where});
    uint64_t value = mc.event[source].value;
    if (value)
        mc_add_rmw(sleepers, source, without_some(value, most), MC_RELAXED);
    else
        mc_add_read(sleepers, source, MC_RELAXED);
}
