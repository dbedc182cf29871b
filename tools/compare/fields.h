/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The fields of a change and of a pair, for CSV and JSON. */
#ifndef COMPARE_FIELDS_H
#define COMPARE_FIELDS_H

#include "compare.h"

typedef struct number_field {
    const char *name;
    size_t at; /* offset of a double */
} number_field;

/* Each closed by a name that is NULL. */
extern const number_field change_numbers[], pair_numbers[];

static inline double field_number(const void *of, const number_field *field)
{
    double value;
    memcpy(&value, (const char *)of + field->at, sizeof value);
    return value;
}

/* Texts of a row. */
typedef struct text_field {
    const char *name;
    size_t at; /* offset of a const char * */
} text_field;
extern const text_field row_texts[];

static inline const char *field_text(const result_row *of, const text_field *field)
{
    const char *text;
    memcpy(&text, (const char *)of + field->at, sizeof text);
    return text;
}

#endif
