/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fields.h"

#include <stddef.h>

const number_field change_numbers[] = {
    {"old", offsetof(compare_change, old.median)},
    {"old_low", offsetof(compare_change, old.low)},
    {"old_high", offsetof(compare_change, old.high)},
    {"new", offsetof(compare_change, now.median)},
    {"new_low", offsetof(compare_change, now.low)},
    {"new_high", offsetof(compare_change, now.high)},
    {"quotient", offsetof(compare_change, quotient.median)},
    {"low", offsetof(compare_change, quotient.low)},
    {"high", offsetof(compare_change, quotient.high)},
    {"p", offsetof(compare_change, p)},
    {NULL, 0},
};

const number_field pair_numbers[] = {
    {"factor", offsetof(compare_pair, figures.factor.median)},
    {"low", offsetof(compare_pair, figures.factor.low)},
    {"high", offsetof(compare_pair, figures.factor.high)},
    {"p", offsetof(compare_pair, figures.p)},
    {NULL, 0},
};

const text_field row_texts[] = {
    {"kernel", offsetof(result_row, kernel)}, {"label", offsetof(result_row, label)},
    {"size", offsetof(result_row, size)},     {"column", offsetof(result_row, column)},
    {"policy", offsetof(result_row, policy)}, {NULL, 0},
};
