/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What was decided and why, for a person: FILCH_INFO and filch_runtime_describe. */
#ifndef FL_DESCRIBE_H
#define FL_DESCRIBE_H

#include <runtime/core/worker.h>

/* As snprintf. */
size_t fl_describe(const fl_runtime *rt, char *text, size_t size);
/* To stderr. */
void fl_describe_print(const fl_runtime *rt);

#endif
