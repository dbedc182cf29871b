/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The last events of a runtime's trace, for reports of deadlocks. They are read from the file, since blocks are
 * unmapped when they are full; an event that is overwritten meanwhile may be left out.
 *
 * Any thread. */
#ifndef FL_LAST_EVENTS_H
#define FL_LAST_EVENTS_H

#include <runtime/engine/runtime.h>
#include <runtime/platform/text/text_builder.h>

/* A line for each, the oldest first. Without a trace: nothing. */
void fl_last_events_add(fl_text *text, fl_runtime *rt);

#endif
