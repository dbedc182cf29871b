/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Settings of the library and hwloc in the environment, so that figures are not taken for a default runtime's. */
#ifndef SHARED_SETTINGS_H
#define SHARED_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

/* Each variable that is set, as a shell reads it, with a blank behind: "FILCH_FENCE='full' ". Returns whether there is
 * one. */
bool settings_write(FILE *out);

#endif
