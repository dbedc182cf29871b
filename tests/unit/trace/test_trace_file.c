/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * The file of a trace: one trace at a time writes it, and a limit of its size stops the trace, not the program. */
#include <filch/trace.h>

#include <runtime/trace/ring.h>
#include <stdio.h>
#include <sys/resource.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <unistd.h>

FILCH_TASK(int, marking, (int, count))
{
    for (int i = 0; i < count; i++)
        filch_trace_mark("mark", (uint32_t)i);
    return count;
}

static uint64_t marks_in(const char *path)
{
    trace_file *trace = opened_trace(path);
    trace_event e;
    uint64_t marks = 0;
    while (trace_next(trace, &e))
        marks += e.kind == FL_TRACE_MARK;
    trace_close(trace);
    return marks;
}

Test(trace_file, file_in_use_is_left_alone)
{
    filch_runtime *one = traced_runtime(1, NULL), *other = traced_runtime(1, NULL);
    const char *path = traced_path("shared.trace");
    cr_assert_eq(filch_trace_start(one, path, NULL), 0, "%s", filch_error());
    cr_assert_eq(FILCH_RUN(one, marking, 10), 10);
    cr_assert_eq(filch_trace_start(other, path, NULL), -EBUSY);
    cr_assert(strstr(filch_error(), "another process or runtime writes it; choose another file"),
              "%s", filch_error());
    cr_assert_eq(FILCH_RUN(one, marking, 10), 10, "its blocks are still there");
    OK(filch_trace_stop(one));
    cr_assert_eq(marks_in(path), 20);
    cr_assert_eq(filch_trace_start(other, path, NULL), 0, "%s", filch_error());
    OK(filch_trace_stop(other));
    cr_assert_eq(marks_in(path), 0, "it begins anew");
    OK(filch_runtime_destroy(one));
    OK(filch_runtime_destroy(other));
}

Test(trace_file, trace_overwrites_no_other_file)
{
    char text[16] = "";
    const char *path = traced_path("other");
    filch_runtime *rt = traced_runtime(1, NULL);
    FILE *other = fopen(path, "w+");
    cr_assert(other && fputs("of somebody", other) >= 0 && fflush(other) == 0);
    cr_assert_eq(filch_trace_start(rt, path, NULL), -EEXIST);
    cr_assert(strstr(filch_error(), "it exists and holds something else; choose another file"),
              "%s", filch_error());
    rewind(other);
    cr_assert(fgets(text, sizeof text, other));
    cr_assert_str_eq(text, "of somebody");
    fclose(other);
    OK(filch_runtime_destroy(rt));
}

Test(trace_file, file_size_limit_stops_only_trace)
{
    enum { MARKS = 100000 /* six blocks */, ROOM = FL_TRACE_HEADER + 3 * FL_TRACE_BLOCK };
    struct rlimit was, limit;
    filch_runtime *rt = traced_runtime(1, NULL);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
    limit = (struct rlimit){ROOM, was.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(filch_trace_start(rt, traced_path("limited.trace"), NULL), 0, "%s", filch_error());
    cr_assert_eq(FILCH_RUN(rt, marking, MARKS), MARKS);
    OK(filch_trace_stop(rt));
    limit.rlim_cur = 100;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(filch_trace_start(rt, traced_path("small.trace"), NULL), -EFBIG);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
    trace_file *trace = opened_trace(traced_path("limited.trace"));
    cr_assert_eq(trace_facts_of(trace)->state, FL_TRACE_NO_SPACE);
    cr_assert_gt(trace_facts_of(trace)->lost, 0);
    trace_close(trace);
    cr_assert_gt(marks_in(traced_path("limited.trace")), 0);
    OK(filch_runtime_destroy(rt));
}

/* A writer's blocks: their numbers, those that are overwritten, and those that stay mapped. */

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
