/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A writer's blocks: their numbers, those that are overwritten, and those that stay mapped. */
#include <runtime/trace/ring.h>
#include <stdio.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

enum { BLOCKS = 5, EACH = FL_TRACE_ROOM / (int)sizeof(fl_trace_event) };

static fl_trace_file file;
static fl_trace_ring ring;
static char path[192];

static void begin(unsigned kept)
{
    snprintf(path, sizeof path, "%s/ring.trace", folder_make());
    cr_assert_eq(fl_trace_file_create(&file, path, (uint64_t)BLOCKS * FL_TRACE_BLOCK, 1,
                                      FL_TRACE_STEALS),
                 0);
    cr_assert_eq(fl_trace_ring_init(&ring, &file, 0, kept), 0);
}

/* Fills that many blocks. Each is numbered in its turn. */
static void fill(unsigned blocks)
{
    for (unsigned i = 0; i < blocks; i++)
        for (unsigned j = 0; j < EACH; j++) {
            fl_trace_put(&ring, FL_TRACE_WAKE, i, j);
            cr_assert_eq(ring.block->sequence, i);
        }
}

/* The blocks of the file that the process has mapped. */
static size_t mapped(void)
{
    size_t bytes = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (strstr(line, path) && sscanf(line, "%lx-%lx", &from, &to) == 2)
            bytes += to - from;
    }
    fclose(maps);
    return (bytes - FL_TRACE_HEADER) / FL_TRACE_BLOCK;
}

static void expect(unsigned blocks, unsigned replaced, size_t in_memory)
{
    cr_assert_eq(filch_u64_load(&file.blocks, FILCH_RELAXED), blocks);
    cr_assert_eq(filch_u64_load(&file.replaced, FILCH_RELAXED), replaced);
    cr_assert_eq(mapped(), in_memory);
    fl_trace_ring_clear(&ring);
    cr_assert_eq(mapped(), 0, "none stays");
    fl_trace_file_end(&file);
    ring = (fl_trace_ring){0}; /* memory that was not freed is lost */
}

Test(trace_ring, only_current_block_is_mapped)
{
    begin(0);
    fill(4);
    expect(4, 0, 1);
}

Test(trace_ring, kept_blocks_are_overwritten_in_turn)
{
    begin(3);
    fill(5);
    expect(3, 2, 3);
}

Test(trace_ring, partly_filled_ring_unmaps_its_blocks)
{
    begin(3);
    fill(1);
    expect(1, 0, 1);
}
