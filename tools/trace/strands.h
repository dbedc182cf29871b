/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The strands and sites of a dag (tools/trace/dag.h) while it is built. */
#ifndef TRACE_STRANDS_H
#define TRACE_STRANDS_H

#include "dag.h"
#include "frames.h"
#include "table.h"

typedef struct strands {
    dag *out;
    size_t strand_room, site_room;
    table sites;   /* by the names of forker and task, as one number */
    bool is_short; /* of memory */
} strands;

void strands_free(strands *s);
/* Ends the frame's strand at that time, and begins the next. Returns the strand that has ended. */
uint32_t strands_cut(strands *s, frame *f, int64_t ns);
/* The frame's next strand comes after that one, too. */
void strands_after(strands *s, frame *f, uint32_t strand, int64_t ns);
uint32_t strands_site(strands *s, uint32_t by, uint32_t name);
/* The name of the task that runs there. */
uint32_t strands_name(const strands *s, const frame *f);

#endif
