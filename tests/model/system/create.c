/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What fl_worker_create needs beside memory: no place, and a signal stack that nobody enters. */
#include <runtime/core/affinity.h>
#include <runtime/core/error.h>
#include <runtime/core/overflow.h>
#include <runtime/core/topology.h>

int fl_topology_place(const fl_topology *of, enum fl_bind bind, unsigned index, fl_place *out)
{
    (void)of, (void)bind, (void)index, (void)out;
    return 0;
}

void fl_affinity_go_anywhere(void)
{
}

size_t fl_overflow_stack_size(void)
{
    return 1;
}

int fl_fail(int code, const char *format, ...)
{
    (void)format;
    return -code;
}
