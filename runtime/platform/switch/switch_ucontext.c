/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The switch for every processor that has no file of its own. */
#include <runtime/platform/switch/switch_frame.h>

#include <stdint.h>
#include <ucontext.h>

/* makecontext passes ints only: a pointer goes in two halves. */
static void start(unsigned entry_high, unsigned entry_low, unsigned arg_high, unsigned arg_low)
{
    void (*entry)(void *) =
        (void (*)(void *))(((uintptr_t)entry_high << 32) | (uintptr_t)entry_low);
    entry((void *)(((uintptr_t)arg_high << 32) | (uintptr_t)arg_low));
}

void fl_switch_frame_make(fl_switch_frame *frame, void *top, void (*entry)(void *), void *arg)
{
    enum { ROOM = 8192 }; /* makecontext only writes the first words below ss_sp + ss_size */
    uintptr_t at = ((uintptr_t)top - sizeof(ucontext_t)) & ~(uintptr_t)63;
    ucontext_t *saved = (ucontext_t *)at;
    getcontext(saved);
    saved->uc_stack.ss_sp = (char *)saved - ROOM;
    saved->uc_stack.ss_size = ROOM;
    saved->uc_link = NULL;
    makecontext(saved, (void (*)(void))start, 4, (unsigned)((uintptr_t)entry >> 32),
                (unsigned)(uintptr_t)entry, (unsigned)((uintptr_t)arg >> 32),
                (unsigned)(uintptr_t)arg);
    frame->sp = saved;
}

void fl_switch_frame_swap(fl_switch_frame *from, fl_switch_frame *to)
{
    ucontext_t here; /* lives on the stack that is left, and as long as it is left */
    from->sp = &here;
    swapcontext(&here, to->sp);
}
