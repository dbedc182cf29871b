/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/system.h>

#include <stdlib.h>
#include <string.h>

static bool scarce;

void heap_setup(bool may_fail)
{
    scarce = may_fail;
}

void *shim_aligned_alloc(size_t alignment, size_t size)
{
    if (scarce && mc_choose(2)) { /* 0 in setup */
        mc_note("no memory");
        return NULL;
    }
    return mc_alloc(size, alignment);
}

void *shim_malloc(size_t size)
{
    return shim_aligned_alloc(_Alignof(max_align_t), size);
}

void *shim_calloc(size_t count, size_t size)
{
    void *object = shim_malloc(count * size);
    return object ? memset(object, 0, count * size) : NULL;
}

void *shim_realloc(void *object, size_t size)
{
    MC_CLAIM(!object, "the shim's limit: something grows");
    return shim_malloc(size);
}

void shim_free(void *object)
{
    mc_free(object);
}
