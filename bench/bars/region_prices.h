/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef BARS_REGION_PRICES_H
#define BARS_REGION_PRICES_H

#include "measure.h"

/* Measures and prints the rows that are asked for. Are their bars reached? */
bool race_prices(const measure_options *options);

#endif
