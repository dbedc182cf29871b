/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The events of a trace, each cause before its effect. The clocks of two processors differ a little, and a task
 * can be taken before its fork has been recorded, so by time alone an effect may come first. A writer whose next
 * event has to wait for another's is held back until that one has come; its own order stays. Slots are used again,
 * so clocks must differ by less than the time that a theft takes. */
#ifndef TRACE_CAUSAL_H
#define TRACE_CAUSAL_H

#include "read.h"

/* Have all causes of the event come? */
typedef bool causal_ready_fn(void *arg, const trace_event *e);

typedef struct causal causal;

/* Why the tasks of that trace cannot be followed from fork to join; NULL: they can. */
const char *causal_refusal(trace_file *trace);
/* From the first event on. NULL: no memory. */
causal *causal_begin(trace_file *trace, causal_ready_fn *is_ready, void *arg);
/* false: there is none; all have come, or the rest waits for causes that the trace does not have. */
bool causal_next(causal *c, trace_event *out);
/* Events that never came, or for which there was no memory. */
uint64_t causal_end(causal *c);

#endif
