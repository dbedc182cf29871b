/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A trace in Perfetto's own format, which is smaller than Chrome's JSON and opens faster. It has a track for each
 * worker, with a slice for each part of its time; a track for each fiber that waits or has spans; flows from victim to
 * thief. The numbers of fields are those of perfetto's protos/perfetto/trace (trace_packet.proto, track_event/). */
#ifndef TRACE_PERFETTO_H
#define TRACE_PERFETTO_H

#include "read.h"

#include <stdio.h>

/* 0, or -ENOMEM. *why is left as it is. Errors of the stream stay in it. */
int perfetto_write(trace_file *trace, FILE *out, const char **why);

#endif
