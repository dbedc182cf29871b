/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Describes a runtime's decisions and their reasons: FILCH_INFO and filch_runtime_describe. */
#ifndef FL_DESCRIBE_H
#define FL_DESCRIBE_H

#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>

/* As snprintf. */
size_t fl_describe(const fl_runtime *rt, char *text, size_t size);
/* To stderr. */
void fl_describe_print(const fl_runtime *rt);

#endif
