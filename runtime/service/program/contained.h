/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Containers: does this process run in one? Probes of its orchestrator then come from other addresses. */
#ifndef FL_CONTAINED_H
#define FL_CONTAINED_H

#include <stdbool.h>

/* By the variables of an orchestrator ("NAME=value", NULL at the end), the mark of a container engine,
 * or the names of the cgroups. root: the folder before "/proc", "" but in tests. */
bool fl_is_contained(const char *root, char *const *environment);

#endif
