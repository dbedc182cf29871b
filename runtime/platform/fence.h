/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The heavy half of the asymmetric fence: membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) makes every
 * running thread of the process execute a full fence, so that its owners need only a compiler
 * barrier. Where the system has none (old kernel, seccomp), runtimes work in mode `full`: fences in
 * fork and join, out of line. */
#ifndef FL_FENCE_H
#define FL_FENCE_H

/* Registers the process, once. 0, or a negative errno: asymmetric fences cannot be had here. */
int fl_fence_register(void);

/* Any thread, after a successful registration. Dies where the kernel refuses: going on would lose
 * tasks. */
void fl_fence_heavy(void);

#endif
