/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/cycle_clock.h>

#include <runtime/platform/virtual/virtual.h>

#include <stdio.h>
#include <string.h>

/* Do all processors count alike, also while they sleep? The kernel has checked that before it uses the counter as its
 * own clock. */
bool fl_ticks_are_steady(void)
{
    if (fl_virtual())
        return false;
#if defined(__x86_64__)
    char name[16] = "";
    FILE *in = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (in && !fgets(name, sizeof name, in))
        name[0] = '\0';
    if (in)
        fclose(in);
    return strcmp(name, "tsc\n") == 0;
#else
    return false;
#endif
}
