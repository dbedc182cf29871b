/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A peer is another library's version of some kernels of bench/kernels/par: one file par_NAME.cc
 * (or .c) that defines the record peer_NAME, and one row in peers.c. Fork/join kernels need no
 * version of their own: those of rows.h are compiled for the peer's tasks. Whether it is built
 * depends on what CMake finds. It has its own threads, so it is measured in a process of its own. C
 * and C++. */
#ifndef PEERS_PEER_H
#define PEERS_PEER_H

#include "../kernels/table.h"

FILCH_BEGIN_DECLS

typedef struct peer_kernel {
    const char *name; /* of the kernel whose data it runs on; NULL: the end */
    void (*run)(void *place, kernel_run *run); /* place: the result of open() */
} peer_kernel;

typedef struct peer {
    const char *name;
    void *(*open)(unsigned workers); /* never NULL */
    const peer_kernel *kernels;
} peer;

typedef struct peer_row {
    const char *name, *title;
    const char *needs; /* to be built */
    const peer *peer;  /* NULL: it was not built */
    const kernel *const *
        fork_join; /* fork/join kernels, compiled for its tasks (kernels/kernel.h); closed by NULL */
    bool by_clang;       /* compiled by clang, unlike the others */
    bool on_filch;       /* with Filch's libgomp.so.1 in the place of the compiler's */
    uint64_t most_tasks; /* in a run; more would take too long. 0: no bound */
} peer_row;

extern const peer_row peers[];
extern const size_t peer_count;

/* The row of that name, or NULL. */
const peer_row *peer_find(const char *name);

FILCH_END_DECLS

#endif
