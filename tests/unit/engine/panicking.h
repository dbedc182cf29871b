/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Functions of a user that panic at one call of many, and items that tell whether they are whole.
 * An item begins with its number; its other bytes follow from that. */
#ifndef TESTS_PANICKING_H
#define TESTS_PANICKING_H

#include <errno.h>
#include <filch/panic.h>
#include <stdlib.h>
#include <string.h>

enum { PANICKING_ITEMS = 60000 };
#define PANICKING_NEVER UINT32_MAX

static filch_u32 panicking_visits, panicking_over;
static uint32_t panicking_at;

/* The user's function is called. */
static inline void panicking_visit(void)
{
    if (filch_u32_load(&panicking_over, FILCH_RELAXED))
        filch_die("a task of the algorithm runs after the panic has reached the caller");
    if (filch_u32_add(&panicking_visits, 1, FILCH_RELAXED) == panicking_at)
        FILCH_PANIC(-EILSEQ, "call %u", panicking_at);
}

static inline void panicking_begin(uint32_t at)
{
    filch_u32_store(&panicking_over, 0, FILCH_RELAXED);
    filch_u32_store(&panicking_visits, 0, FILCH_RELAXED);
    panicking_at = at;
}

static inline void panicking_end(void)
{
    filch_u32_store(&panicking_over, 1, FILCH_RELAXED);
}

static inline uint32_t panicking_calls(void)
{
    return filch_u32_load(&panicking_visits, FILCH_RELAXED);
}

/* ---- Keys ---- */

enum panicking_order { RANDOM_KEYS, FEW_KEYS, RISING_PARTS, NO_ORDER, PANICKING_ORDERS };

static uint32_t panicking_table[PANICKING_ITEMS];
static bool panicking_whims;

static inline void panicking_keys(enum panicking_order order, size_t n)
{
    panicking_whims = order == NO_ORDER;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t mixed = (i + 1) * UINT32_C(2654435769);
        panicking_table[i] = order == FEW_KEYS       ? (mixed >> 16) % 3
                             : order == RISING_PARTS ? i % (uint32_t)(n / 2 + 1)
                                                     : mixed ^ mixed >> 15;
    }
}

static inline uint32_t panicking_key(uint32_t id)
{
    panicking_visit();
    return panicking_table[id];
}

static inline bool panicking_before(uint32_t a, uint32_t b)
{
    panicking_visit();
    if (panicking_whims)
        return (panicking_table[a] ^ panicking_table[b] ^ a) % 5 < 2;
    return panicking_table[a] < panicking_table[b];
}

/* ---- Items ---- */

static inline void item_make(char *item, size_t size, uint32_t id)
{
    memset(item, (int)(id * 31 + 7), size);
    memcpy(item, &id, size < sizeof id ? size : sizeof id);
}

static inline void items_fill(char *items, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        item_make(items + i * size, size, (uint32_t)i);
}

/* The number of an item that is whole; else one that no item has. */
static inline uint32_t item_number(const char *item, size_t size)
{
    char whole[256];
    uint32_t id = 0;
    memcpy(&id, item, size < sizeof id ? size : sizeof id);
    item_make(whole, size, id);
    return memcmp(item, whole, size) ? PANICKING_ITEMS : id;
}

static inline bool items_are_all_there(const char *items, size_t n, size_t size)
{
    bool *seen = calloc(n, sizeof *seen);
    size_t different = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t id = item_number(items + i * size, size);
        different += id < n && !seen[id];
        if (id < n)
            seen[id] = true;
    }
    free(seen);
    return different == n;
}

#endif
