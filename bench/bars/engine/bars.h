/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of this folder; bars.c has the table. */
#ifndef BARS_ENGINE_BARS_H
#define BARS_ENGINE_BARS_H

#include "../bar.h"
#include "../runtimes.h"

bar_judge chain_memory, chain_capped;
bar_judge contract_judge;
bar_judge create_time, create_memory;
bar_judge first_waits_judge;
bar_judge flat_judge;
bar_judge idle_runtime, idle_owner;
bar_judge regions_judge, regions_prices;
bar_judge submit_judge;
bar_judge virtual_switches_judge;
bar_judge wake_judge;

#endif
