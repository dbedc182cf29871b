/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Switching between C stacks: one file per processor (switch_x86_64.S) and switch_ucontext.c for
 * all others, chosen by the build. Callee-saved registers and the floating-point control words
 * travel; the signal mask does not (ucontext saves it, at the price of two system calls). */
#ifndef FL_CONTEXT_H
#define FL_CONTEXT_H

#include <stddef.h>

typedef struct fl_context {
    void *sp; /* where a stack that does not run keeps what it needs to go on */
} fl_context;

/* Lays entry(arg) on an empty stack whose high end is `top`, 16-aligned; entry never returns. */
void fl_context_make(fl_context *context, void *top, void (*entry)(void *), void *arg);

/* Leaves the running stack in *from and goes on in *to. Returns when somebody switches to *from. */
void fl_context_switch(fl_context *from, fl_context *to);

#endif
