/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rows and nothing else: the engine names them, so each program that links the static library
 * has this file, also one without pools. */
#include <runtime/pool/statistics.h>

#include <runtime/engine/observe/page_writer.h>

#define AT(field) offsetof(filch_pool_stats, field)
#define FIGURE(field, unit, now, help) {#field, unit, help, AT(field), now},
#define OUTCOME(name, number, help) {#name, "jobs", help, AT(outcomes[FILCH_##number]), 0},

static const filch_runtime_stat rows[] = {FL_POOL_STATISTICS(FIGURE, OUTCOME)};
FILCH_STATIC_ASSERT(sizeof rows / sizeof *rows == sizeof(filch_pool_stats) / sizeof(uint64_t) - 1,
                    "each number but outcomes[FILCH_UNDECIDED] has a row");
FILCH_STATIC_ASSERT(sizeof(filch_pool_stats) <= FL_SHARE_STATS, "the publisher has room for them");

const fl_share_numbers fl_share_pool_numbers = {rows, sizeof rows / sizeof *rows};
