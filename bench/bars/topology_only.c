/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Floor of the bar "create": a program that only loads the topology. Prints its resident memory in
 * KiB. */
#include "measure.h"

#include <hwloc.h>

int main(void)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) || hwloc_topology_load(topology)) {
        fputs("no topology\n", stderr);
        return 1;
    }
    printf("%ld\n", measure_status("VmRSS:"));
    hwloc_topology_destroy(topology);
    return 0;
}
