/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/system.h>

#include <runtime/engine/panic.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/fence.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/lock.h>
#include <sched/idle.h>
#include <sched/rng.h>

#include <errno.h>
#include <link.h>
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
    for (unsigned i = 0; mc_traces() && i < count; i++)
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

int64_t fl_thread_cpu(void)
{
    return 0;
}

static bool sparse, never;
static unsigned timeouts[MC_THREADS];
static struct waited {
    bool any, over;
} waited[MC_THREADS];

void timeouts_setup(bool are_there)
{
    sparse = true;
    never = !are_there;
    memset(timeouts, 0, sizeof timeouts);
}

void futexes_setup(void)
{
    memset(waited, 0, sizeof waited);
}

MC_UNCHECKED bool futex_waited(bool *over)
{
    const struct waited was = waited[mc_self()];
    waited[mc_self()] = (struct waited){0};
    *over = was.over;
    return was.any;
}

MC_UNCHECKED bool fl_futex_wait_until(filch_u32 *word, uint32_t value, int64_t until)
{
    MC_CLAIM(until || !rcu_reads(), "a thread sleeps in a read-side section"); /* a lock: a nap */
    if (until && sparse && timeouts[mc_self()])
        mc_pause("futex");
    bool over = mc_futex_wait(word, value, until != 0 && !never, "futex");
    timeouts[mc_self()] += over;
    waited[mc_self()].any = true;
    waited[mc_self()].over |= over;
    return over;
}

void fl_futex_wake(filch_u32 *word, int count)
{
    mc_futex_wake(word, (unsigned)count, "futex");
}

/* The first object is the program itself. */
static int clear_thread_locals(struct dl_phdr_info *of, size_t size, void *unused)
{
    (void)size, (void)unused;
    for (unsigned i = 0; i < of->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &of->dlpi_phdr[i];
        if (part->p_type != PT_TLS || !of->dlpi_tls_data)
            continue;
        memcpy(of->dlpi_tls_data, (const void *)(of->dlpi_addr + part->p_vaddr), part->p_filesz);
        memset((char *)of->dlpi_tls_data + part->p_filesz, 0, part->p_memsz - part->p_filesz);
    }
    return 1;
}

void thread_locals_setup(void)
{
    dl_iterate_phdr(clear_thread_locals, NULL);
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

/* No exceptions here. */
void fl_call_barred(filch_go_fn *fn, filch_self self, void *arg)
{
    fn(self, arg);
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
