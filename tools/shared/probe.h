/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHARED_PROBE_H
#define SHARED_PROBE_H

#include <stddef.h>

/* Asks a runtime, in a child process, whether it takes this queue and policy (either may be NULL)
 * and how it sees the machine. Returns 0 and fills *workers and text, or a negative errno and text
 * says why. */
int probe_runtime(const char *queue, const char *policy, unsigned *workers, char *text,
                  size_t size);

#endif
