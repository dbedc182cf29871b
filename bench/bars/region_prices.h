/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef BARS_REGION_PRICES_H
#define BARS_REGION_PRICES_H

#include "measure.h"

/* Measures and prints the rows that are asked for. Returns whether all have reached their bars. */
bool race_prices(const measure_options *options);

#endif
