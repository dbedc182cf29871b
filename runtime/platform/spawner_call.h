/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * System calls of the spawner and its children, past libc and the sanitizers' interceptors. */
#ifndef FL_SPAWNER_CALL_H
#define FL_SPAWNER_CALL_H

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FL_CALL(name, ...) syscall(SYS_##name, __VA_ARGS__)

/* The kernel's set of signals, which is smaller than libc's. */
enum { FL_KERNEL_SIGNALS = _NSIG / 8 };

/* A process like the calling one; `signal`: its parent gets it at its end. As fork(), but runs no
 * handlers of pthread_atfork. */
static inline long fl_call_clone(int signal)
{
    return FL_CALL(clone, signal, NULL, NULL, NULL, NULL);
}

#endif
