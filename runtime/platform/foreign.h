/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads of the program that work for a runtime (runtime/engine/guest.h): their C stack, and their
 * registration with liburcu.
 *
 * liburcu registers a thread at its first read-side section and unregisters it when it ends, both under
 * a lock of its own. fl_fork_hold keeps other threads from forking meanwhile. Thread-local destructors
 * run before those of keys, and liburcu unregisters in one of the latter. So the gate is held from a
 * thread-local destructor on, to a later round of the destructors of keys. Where the C library has no
 * thread-local destructors, a fork in that moment may leave the child without liburcu. */
#ifndef FL_FOREIGN_H
#define FL_FOREIGN_H

#include <stddef.h>

typedef struct fl_foreign {
    const char *low; /* of its C stack, */
    size_t size;     /* in bytes; 0: unknown */
} fl_foreign;

/* Of the calling thread, which is registered from then on. The first call of a thread takes some
 * microseconds. */
const fl_foreign *fl_foreign_here(void);

#endif
