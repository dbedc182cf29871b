/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory for the model checker, which finds uses after free; system/heap.c has the other half. */
#ifndef SHIM_STDLIB_H
#define SHIM_STDLIB_H

#include_next <stdlib.h>

void *shim_malloc(size_t size);
void *shim_calloc(size_t count, size_t size);
void *shim_aligned_alloc(size_t alignment, size_t size);
/* Only what was nowhere yet: no model grows anything. */
void *shim_realloc(void *object, size_t size);
void shim_free(void *object);

#define malloc(size) shim_malloc(size)
#define calloc(count, size) shim_calloc(count, size)
#define aligned_alloc(alignment, size) shim_aligned_alloc(alignment, size)
#define realloc(object, size) shim_realloc(object, size)
#define free(object) shim_free(object)

#endif
