/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef FL_CONTAINER_H
#define FL_CONTAINER_H

#include <stddef.h>

/* The object of which `pointer` points to a member. */
#define FL_CONTAINER_OF(pointer, type, member)                                                     \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
