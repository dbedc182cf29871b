/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stream compaction: keeps some of many items, in their order. Shows why prefix sums (scans) are
 * the tool for it: an exclusive scan of "is it kept?" tells each kept item its place, and then all
 * can move at once. FILCH_PACK does the same in one step.
 *
 *   cc -O2 compact.c $(pkg-config --cflags --libs filch) -o compact
 *   ./compact
 *
 * Prints how many items were kept, and whether both ways agree with a serial loop. */
#include <err.h>
#include <filch/par.h>
#include <stdio.h>
#include <string.h>

enum { N = 1000000 };

static inline bool keep(uint32_t item)
{
    return item % 3 == 0;
}

/* items   6 4 3 9 5        what there is; here, hashes of the index (Knuth's, by 2^32 / phi)
 * flags   1 0 1 1 0        is it kept?
 * places  0 1 1 2 3        the sums of the flags to the left, in the same array
 * kept    6 3 9 */
FILCH_FOR(flag, i, (uint32_t *, items), (uint32_t *, flags))
{
    items[i] = (uint32_t)i * 2654435769u;
    flags[i] = keep(items[i]);
}
FILCH_SCAN_EXCLUSIVE(sum_up, uint32_t, 0, FILCH_PLUS)
FILCH_FOR(move, i, (const uint32_t *, items), (const uint32_t *, places), (uint32_t *, kept))
{
    if (keep(items[i]))
        kept[places[i]] = items[i];
}

FILCH_PACK(pack, uint32_t, item)
{
    return keep(item);
}

int main(void)
{
    static uint32_t items[N], places[N], moved[N], packed[N], serial[N];
    size_t pack_count, count = 0;
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL) || FILCH_RUN(rt, flag, 0, N, items, places) ||
        FILCH_RUN(rt, sum_up, places, N, places) ||
        FILCH_RUN(rt, move, 0, N, items, places, moved) ||
        FILCH_RUN(rt, pack, items, N, packed, &pack_count))
        errx(1, "%s", filch_error());
    filch_runtime_destroy(rt);

    for (size_t i = 0; i < N; i++)
        if (keep(items[i]))
            serial[count++] = items[i];
    bool same_moved = memcmp(moved, serial, sizeof serial) == 0;
    bool same_packed = pack_count == count && memcmp(packed, serial, count * sizeof *serial) == 0;
    printf("%zu of %d items kept\n", count, N);
    printf("scan and move: %s\n", same_moved ? "as the serial loop" : "WRONG");
    printf("pack: %s\n", same_packed ? "as the serial loop" : "WRONG");
    return same_moved && same_packed ? 0 : 1;
}
