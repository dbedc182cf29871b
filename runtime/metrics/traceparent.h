/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Trace identities, as spans ask about them. */
#ifndef FL_TRACEPARENT_H
#define FL_TRACEPARENT_H

#include <filch/traceparent.h>

/* Neither id is all zero. */
bool fl_traceparent_is_whole(const filch_traceparent *trace);

#endif
