/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of the engine: forks, idle workers, wake-ups, fibers, short loops. */
#include "bars.h"

int main(int argc, char **argv)
{
    static const bar bars[] = {
        {"flat", NULL, flat_judge, 0, "NS, that length only"},
        {"idle", "idle", idle_runtime, 10, "SECONDS of idling"},
        {"idle", "owner", idle_owner, BARS_SAME},
        {"submit", NULL, submit_judge, 1000, "SUBMISSIONS for each latency"},
        {"wake", NULL, wake_judge, 300, "SUBMISSIONS for each row"},
        {"create", "time", create_time, 0, "unused"},
        {"create", "memory", create_memory, BARS_SAME},
        {"chain", "memory", chain_memory, 20000, "LENGTH of the chain"},
        {"chain", "capped", chain_capped, BARS_SAME},
        {"first-waits", NULL, first_waits_judge, 100000, "TASKS"},
        {"regions", NULL, regions_judge, 0, "0, which means nothing"},
        {"regions", NULL, regions_prices, BARS_SAME},
        {"contract", NULL, contract_judge, 0, "0, which means nothing"},
        {"virtual-switches", NULL, virtual_switches_judge, 500000, "switches of a run"},
    };
    return bars_main(argc, argv, bars, sizeof bars / sizeof bars[0]);
}
