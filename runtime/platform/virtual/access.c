/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Decision points before memory accesses, and data races.
 *
 * Two tasks add to a counter without a lock. In some schedule both stand at a decision point before
 * their accesses at the same time. Then nothing keeps them apart: no lock, or one of them would wait
 * for it; no join, or one would not have begun. So the accesses may happen at the same time, and that
 * is a data race, however this run goes on (K. Sen, Race Directed Random Testing of Concurrent
 * Programs, PLDI 2008). There are no false alarms. A race is not found if no run of a search comes to
 * both places at the same time. */
#include <filch/trace.h>
#include <runtime/platform/virtual/choice.h>
#include <runtime/platform/virtual/loop.h>
#include <runtime/platform/virtual/threads.h>
#include <runtime/platform/virtual/virtual.h>

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <unwind.h>

/* ---- Places: distances from the beginning of the program, the same in each run ---- */

static struct {
    uintptr_t base, low, high; /* high 0: not looked for yet */
} program;

/* The program itself comes first. */
static int find_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    program.base = info->dlpi_addr;
    program.low = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        const uintptr_t low = info->dlpi_addr + part->p_vaddr, high = low + part->p_memsz;
        if (part->p_type != PT_LOAD)
            continue;
        program.low = low < program.low ? low : program.low;
        program.high = high > program.high ? high : program.high;
    }
    return 1;
}

uint64_t fl_virtual_place(const void *address)
{
    const uintptr_t at = (uintptr_t)address;
    if (!program.high)
        dl_iterate_phdr(find_program, NULL);
    return at >= program.low && at < program.high ? at - program.base : 0;
}

typedef struct search {
    bool is_above; /* of fl_virtual_point */
    uint64_t place;
} search;

/* The first place of the program. A library that is linked into the program counts as part of it:
 * then it is the function that has the decision point. */
static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *frame, void *arg)
{
    search *in = arg;
    void *at = (void *)_Unwind_GetIP(frame);
    if (in->is_above)
        in->place = fl_virtual_place(at);
    else
        in->is_above = _Unwind_FindEnclosingFunction(at) == (void *)fl_virtual_point;
    return in->place ? _URC_END_OF_STACK : _URC_NO_REASON;
}

uint64_t fl_virtual_caller(void)
{
    search in = {.place = 0};
    _Unwind_Backtrace(look_at_frame, &in);
    return in.place;
}

/* ---- Races ---- */

enum { SPELT = 320 };

/* "bank+0x1234", as filch explore and addr2line read it; outside of the program the address. */
static const char *spell_place(const void *address, char *text)
{
    const uint64_t place = fl_virtual_place(address);
    if (place)
        snprintf(text, SPELT, "%s+%#llx", program_invocation_short_name, (unsigned long long)place);
    else
        snprintf(text, SPELT, "%p", address);
    return text;
}

static const char *spell_thread(const fl_virtual_thread *thread, char *text)
{
    if (fl_virtual_threads_all()->is_team)
        snprintf(text, SPELT, "thread %u", thread->number);
    else if (thread->number)
        snprintf(text, SPELT, "worker %u", thread->number - 1);
    else
        snprintf(text, SPELT, "main");
    return text;
}

static const char *kind_of(const fl_virtual_thread *thread)
{
    static const char *const names[] = {"read", "write", "atomic read", "atomic write"};
    return names[thread->access_kind & (FILCH_EXPLORE_WRITES | FILCH_EXPLORE_ATOMIC)];
}

FILCH_COLD FILCH_NORETURN static void report(const fl_virtual_thread *one,
                                             const fl_virtual_thread *other)
{
    char data[SPELT], place[SPELT], by[SPELT], other_place[SPELT], other_by[SPELT];
    filch_die(
        "data race on %s: %s of %zu bytes at %s by %s, and %s of %zu bytes at %s by %s; order "
        "them by a lock, a join or atomic operations",
        spell_place(one->access, data), kind_of(one), one->access_size,
        spell_place(one->access_place, place), spell_thread(one, by), kind_of(other),
        other->access_size, spell_place(other->access_place, other_place),
        spell_thread(other, other_by));
}

static bool overlap(const fl_virtual_thread *one, const fl_virtual_thread *other)
{
    const uintptr_t a = (uintptr_t)one->access, b = (uintptr_t)other->access;
    return a < b + other->access_size && b < a + one->access_size;
}

static bool conflict(const fl_virtual_thread *one, const fl_virtual_thread *other)
{
    const unsigned both = one->access_kind & other->access_kind;
    const unsigned either = one->access_kind | other->access_kind;
    return either & FILCH_EXPLORE_WRITES && !(both & FILCH_EXPLORE_ATOMIC);
}

static void look_for_race(const fl_virtual_thread *here)
{
    const fl_virtual_threads *threads = fl_virtual_threads_all();
    for (unsigned i = 0; i < threads->count; i++) {
        const fl_virtual_thread *other = threads->all[i];
        if (other != here && other->access && overlap(here, other) && conflict(here, other))
            report(here, other);
    }
}

void fl_virtual_access(const void *address, size_t size, unsigned kind, const void *place)
{
    fl_virtual_thread *here = fl_virtual_here();
    here->access = address;
    here->access_size = size;
    here->access_kind = kind;
    here->access_place = place;
    look_for_race(here);
    fl_virtual_point(place);
    fl_loop_access(&here->loop, place, address, size);
    here->access = NULL;
}
