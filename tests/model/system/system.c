/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/system.h>

#include <runtime/core/clock.h>
#include <runtime/core/error.h>
#include <runtime/core/fence.h>
#include <runtime/core/futex.h>
#include <runtime/sync/lock.h>
#include <sched/idle.h>
#include <sched/rng.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void spell_idle_word(uint64_t word, char *text, size_t size)
{
    snprintf(text, size, "S%u Q%u%s, change %u", fl_idle_sleepers(word), fl_idle_searchers(word),
             word & FL_IDLE_NAPPING ? " napping" : "", (unsigned)(word / FL_IDLE_CHANGE));
}

void spell_top(uint64_t top, char *text, size_t size)
{
    snprintf(text, size, "slot%d tag %d%s",
             (int)(fl_top_index(top) - FL_SLOTS_OFFSET / sizeof(filch_slot)),
             (int)(top & FL_TOP_TAG), top & FL_TOP_ASKED ? " asked" : "");
}

void name_slots(fl_forkstack *stack, const char *name, unsigned count)
{
    static const char *const part[] = {"task", "state", "claimed", "args"};
    char text[40];
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < 4; j++) {
            snprintf(text, sizeof text, "%sslot%u.%s", name, i, part[j]);
            mc_name((char *)(fl_first_slot(stack) + i) + 8 * j, text);
        }
}

unsigned chance_is_explored, locks_are_played; /* whole words: races are looked for in those */

static int64_t now;
static bool uneven;

void clock_setup(bool may_be_short)
{
    uneven = may_be_short;
}

MC_UNCHECKED int64_t fl_now(void)
{
    return now += uneven && mc_choose(2) ? 10 : 1000000000;
}

static bool sparse;
static unsigned timeouts[MC_THREADS];

void timeouts_setup(void)
{
    sparse = true;
    memset(timeouts, 0, sizeof timeouts);
}

MC_UNCHECKED bool fl_futex_wait_until(filch_u32 *word, uint32_t value, int64_t until)
{
    if (until && sparse && timeouts[mc_self()])
        mc_pause("futex");
    bool over = mc_futex_wait(word, value, until != 0, "futex");
    timeouts[mc_self()] += over;
    return over;
}

void fl_futex_wake(filch_u32 *word, int count)
{
    mc_futex_wake(word, (unsigned)count, "futex");
}

static bool refused;

void membarrier_setup(bool is_refused)
{
    refused = is_refused;
}

int fl_fence_register(void)
{
    return refused ? -ENOSYS : 0;
}

MC_UNCHECKED void fl_fence_heavy(void)
{
    MC_CLAIM(!refused, "a membarrier where there is none");
    mc_membarrier("membarrier");
}

void filch_die(const char *format, ...)
{
    static char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    mc_fail(message);
    __builtin_unreachable();
}
