/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/virtual/loop.h>

/* FNV-1a, over words. */
#define BASIS UINT64_C(14695981039346656037)
#define PRIME UINT64_C(1099511628211)

static uint64_t mix(uint64_t key, uint64_t word)
{
    key = (key ^ word) * PRIME;
    return key ^ key >> 32;
}

static void start_over(fl_virtual_loop *loop, uint64_t key)
{
    loop->keys[0] = key;
    loop->count = 1;
    loop->at = loop->rounds = 0;
}

/* No key has come again yet. */
static void collect(fl_virtual_loop *loop, uint64_t key)
{
    if (loop->count && loop->keys[0] == key) {
        loop->rounds = 1;
        loop->at = 1 % loop->count;
        loop->rounds += loop->at == 0;
    } else if (loop->count == 0 || loop->count == FL_LOOP_KEYS) {
        start_over(loop, key);
    } else {
        loop->keys[loop->count++] = key;
    }
}

static void add(fl_virtual_loop *loop, uint64_t key)
{
    if (!loop->rounds) {
        collect(loop, key);
    } else if (loop->keys[loop->at] != key) {
        start_over(loop, key);
    } else if (++loop->at == loop->count) {
        loop->at = 0;
        loop->rounds++;
    }
}

void fl_loop_point(fl_virtual_loop *loop, const void *place)
{
    add(loop, mix(BASIS, (uintptr_t)place));
}

void fl_loop_access(fl_virtual_loop *loop, const void *place, const void *address, size_t size)
{
    const unsigned char *bytes = address;
    uint64_t key = mix(mix(BASIS, (uintptr_t)place), (uintptr_t)address);
    if (size > FL_LOOP_VALUE) {
        loop->count = loop->at = loop->rounds = 0; /* it may have changed elsewhere */
        return;
    }
    for (size_t i = 0; i < size; i++)
        key = mix(key, bytes[i]);
    add(loop, key);
}
