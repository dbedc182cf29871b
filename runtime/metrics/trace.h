/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Trace identities, as spans ask about them. */
#ifndef FL_TRACE_H
#define FL_TRACE_H

#include <filch/trace.h>

/* Neither id is all zero. */
bool fl_trace_is_whole(const filch_trace *trace);

#endif
