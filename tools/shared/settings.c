/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "settings.h"

#include "output.h"
#include <stdlib.h>

/* runtime/core/settings.c, and the machines that hwloc imagines. */
static const char *const names[] = {
    "FILCH_BIND",       "FILCH_BLOCKING_THREADS", "FILCH_DEADLOCK",   "FILCH_FENCE",
    "FILCH_IDLE",       "FILCH_MAX_FIBERS",       "FILCH_POLICY",     "FILCH_QUEUE",
    "FILCH_SEED",       "FILCH_STACK_SIZE",       "FILCH_TAKE",       "FILCH_WAIT",
    "FILCH_WORKERS",    "FILCH_WORKER_SLOTS",     "HWLOC_COMPONENTS", "HWLOC_SYNTHETIC",
    "HWLOC_THISSYSTEM", "HWLOC_XMLFILE",
};

bool settings_write(FILE *out)
{
    bool some = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (!value)
            continue;
        fprintf(out, "%s=", names[i]);
        output_quoted(value, out);
        fputc(' ', out);
        some = true;
    }
    return some;
}
