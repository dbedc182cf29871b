/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The library's warnings: lines about faults of the program that no call can return. Each goes to
 * the newest outlet that takes it (a log sink's: runtime/metrics/log_sink.c), else to stderr.
 * Threads: any. */
#ifndef FL_WARNING_H
#define FL_WARNING_H

#include <stdbool.h>

typedef struct fl_warning_outlet fl_warning_outlet;
struct fl_warning_outlet {
    /* Takes a line without its end; must not wait. false: it cannot. */
    bool (*take)(fl_warning_outlet *outlet, const char *text);
    fl_warning_outlet *older;
};

/* From now on, until it is removed. No call of `take` is running when the removal returns. */
void fl_warning_outlet_add(fl_warning_outlet *outlet);
void fl_warning_outlet_remove(fl_warning_outlet *outlet);

void fl_warn(const char *text);

#endif
