/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Configurations as tables: the range of each number of a struct, and the meaning of 0. */
#ifndef FL_CONFIG_RANGES_H
#define FL_CONFIG_RANGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct fl_field {
    const char *name;
    size_t offset, size;           /* of an unsigned, or of an int64_t */
    int64_t standard, least, most; /* a standard of 0: it stays 0 */
} fl_field;

#define FL_NUMBER_FIELD(type, name, standard, least, most)                                         \
    {                                                                                              \
#name, offsetof(type, name), sizeof(((type *)0)->name), standard, least, most              \
    }

/* Replaces each 0 by the standard. -EINVAL: a number is out of range. whose: such as "a
 * breaker". */
int fl_fields_complete(void *config, const fl_field *fields, size_t count, const char *whose);

#endif
