/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How to trace: the options of filch_trace_start, and FILCH_TRACE=FILE[,OPTION...]. */
#ifndef FL_TRACE_OPTIONS_H
#define FL_TRACE_OPTIONS_H

#include <runtime/trace/format.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_trace_options {
    char *file;     /* NULL: none */
    uint64_t limit; /* bytes */
    bool overwrites;
    enum fl_trace_level level;
} fl_trace_options;

/* options: as filch_trace_start has them. %p in file is the process. The caller frees out->file.
 * -EINVAL, -ENOMEM through fl_fail. */
int fl_trace_options_read(fl_trace_options *out, const char *file, const char *options);
/* FILE[,OPTION...], as in the environment. NULL: none. The second runtime that asks for it in this
 * process gets FILE.2, and so on. */
int fl_trace_options_of(fl_trace_options *out, const char *given);

#endif
