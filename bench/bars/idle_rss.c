/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Part of the bar "create": a program with a runtime of two idle workers that has run one task. Prints
 * its resident memory in KiB. */
#include "measure.h"

#include "runtimes.h"

FILCH_TASK(int, answer)
{
    return 42;
}

int main(void)
{
    filch_runtime *rt = runtime_of(2, NULL);
    if (FILCH_RUN(rt, answer) != 42)
        return 1;
    printf("%ld\n", measure_status("VmRSS:"));
    return filch_runtime_destroy(rt) ? 1 : 0;
}
