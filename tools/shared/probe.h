/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHARED_PROBE_H
#define SHARED_PROBE_H

#include <filch/runtime.h>

/* Asks a runtime, in a child process, whether it takes this configuration and how it sees the
 * machine. Returns 0 and fills *workers and text, or a negative errno and text
 * says why. */
int probe_runtime(const filch_config *config, unsigned *workers, char *text, size_t size);

#endif
