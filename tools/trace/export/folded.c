/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "folded.h"
#include <tools/trace/analysis.h>

#include <errno.h>
#include <inttypes.h>
#include <tools/shared/output.h>

/* A semicolon ends a frame, so none may be in it. */
static void put_frame(const char *text, FILE *out)
{
    char plain[PLAIN_MOST];
    for (const char *at = plain_text(text, plain, sizeof plain); *at; at++)
        putc(*at == ';' ? ':' : *at, out);
}

static void put_stack(const trace_file *trace, const stack *one, FILE *out)
{
    put_frame(trace_name(trace, one->task), out);
    putc(';', out);
    put_frame(trace_name(trace, one->call), out);
    if (one->by) {
        fputs(";by ", out);
        put_frame(one->by == STACK_BY_THREAD ? "a thread outside" : trace_name(trace, one->by),
                  out);
    }
    fprintf(out, " %" PRId64 "\n", one->ns);
}

int folded_write(trace_file *trace, FILE *out, const char **why)
{
    analysis figures;
    (void)why;
    if (!analyse(&figures, trace))
        return -ENOMEM;
    for (size_t i = 0; i < figures.stacks.count; i++)
        put_stack(trace, &figures.stacks.list[i], out);
    analysis_free(&figures);
    return 0;
}
