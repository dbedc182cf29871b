/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "settings.h"

#include "output.h"
#include <runtime/platform/variables.h>
#include <stdlib.h>

/* Of hwloc: the machines that it imagines. */
static const char *const machines[] = {"HWLOC_COMPONENTS", "HWLOC_SYNTHETIC", "HWLOC_THISSYSTEM",
                                       "HWLOC_XMLFILE"};

static bool write_those_set(const char *const *names, size_t count, FILE *out)
{
    bool some = false;
    for (size_t i = 0; i < count; i++) {
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

bool settings_write(FILE *out)
{
    bool some = write_those_set(fl_variables, FL_ENV_COUNT, out);
    return write_those_set(machines, sizeof machines / sizeof machines[0], out) || some;
}
