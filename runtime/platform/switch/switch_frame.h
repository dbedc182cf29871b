/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Switching between C stacks: one file per processor (switch_x86_64.S) and switch_ucontext.c for
 * all others, chosen by the build. Callee-saved registers and the floating-point mode
 * (runtime/platform/switch/fpmode.h) travel; the signal mask does not (ucontext saves it, at the price of
 * two system calls), and neither do floating-point flags. */
#ifndef FL_SWITCH_FRAME_H
#define FL_SWITCH_FRAME_H

#include <stddef.h>

typedef struct fl_switch_frame {
    void *sp; /* where a stack that does not run keeps its registers */
} fl_switch_frame;

/* Lays entry(arg) on an empty stack whose high end is `top`, 16-aligned; entry never returns. It
 * begins in the caller's floating-point mode. */
void fl_switch_frame_make(fl_switch_frame *frame, void *top, void (*entry)(void *), void *arg);

/* Leaves the running stack in *from and goes on in *to. Returns when another stack switches to
 * *from. */
void fl_switch_frame_swap(fl_switch_frame *from, fl_switch_frame *to);

#endif
