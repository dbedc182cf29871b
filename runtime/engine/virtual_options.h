/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The settings of the deterministic mode: FILCH_VIRTUAL, FILCH_SEED and FILCH_EXPLORE. */
#ifndef FL_VIRTUAL_OPTIONS_H
#define FL_VIRTUAL_OPTIONS_H

#include <runtime/platform/virtual.h>

/* text: FILCH_EXPLORE, or NULL. Texts of files are kept for the life of the process. -EINVAL through
 * fl_fail: an unknown option, or one out of range; -ENOMEM. */
int fl_virtual_options_read(fl_virtual_options *out, const char *text);

#endif
