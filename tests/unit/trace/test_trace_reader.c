/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * The reader of trace files: the events of all writers by time, and files that are not whole. */
#include <filch/atomic.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>

static const made_event some[] = {
    {0, 100, FL_TRACE_SWITCH, 1, 0},
    {1, 150, FL_TRACE_WAKE, 0, 0},
    {FL_TRACE_OUTSIDE, 120, FL_TRACE_SUBMIT, 7, 0},
    {0, 300, FL_TRACE_SWITCH, 2, 0},
    {1, 250, FL_TRACE_SWITCH, 3, 0},
    {0},
};

static void make_some(made_trace *made)
{
    static const char names[] = "first\0second";
    made_begin(made, 2, 1000);
    made_events(made, 0, some);
    made_events(made, 1, some);
    made_events(made, FL_TRACE_OUTSIDE, some);
    made_names(made, names, sizeof names);
}

static unsigned count_events(trace_file *trace)
{
    trace_event e;
    unsigned count = 0;
    int64_t last = 0;
    for (trace_rewind(trace); trace_next(trace, &e); count++) {
        cr_assert(e.ns >= last);
        last = e.ns;
    }
    return count;
}

Test(trace_reader, events_of_writers_merge_by_time)
{
    static const int64_t times[] = {100, 120, 150, 250, 300};
    made_trace made;
    trace_event e;
    const char *why;
    make_some(&made);
    made_end(&made);
    trace_file *trace = opened_trace(made.path);
    for (int again = 0; again < 2; again++, trace_rewind(trace)) {
        for (unsigned i = 0; i < 5; i++) {
            cr_assert(trace_next(trace, &e));
            cr_assert_eq(e.ns, times[i]);
        }
        cr_assert_eq(e.a, 2);
        cr_assert_not(trace_next(trace, &e));
    }
    cr_assert(trace_is_whole(trace, &why));
    cr_assert_str_eq(trace_name(trace, 1), "first");
    cr_assert_str_eq(trace_name(trace, 2), "second");
    cr_assert_str_eq(trace_name(trace, 3), "(unnamed)");
    cr_assert_str_eq(trace_name(trace, 0), "(unnamed)");
    cr_assert_eq(trace_facts_of(trace)->length, 1000);
    trace_close(trace);
}

/* How a whole trace is spoilt, and the reason that the reader tells. */
static void is_killed(made_trace *made)
{
    made->header.state = FL_TRACE_RUNNING;
    made->header.ended_ns = 0;
    made->header.ended_ticks = 0;
}

static void is_full(made_trace *made)
{
    made->header.state = FL_TRACE_FULL;
    made->header.lost = 12;
}

static void was_overwritten(made_trace *made)
{
    made->header.replaced = 3;
}

static void lacks_a_block(made_trace *made)
{
    made->sequence[0] = 5;
    made_events(made, 0, some);
}

static void has_a_block_of_nobody(made_trace *made)
{
    made_events(made, 7, some);
}

static void has_half_a_block(made_trace *made)
{
    made_events(made, 1, some);
    fflush(made->file);
    cr_assert_eq(ftruncate(fileno(made->file), FL_TRACE_HEADER + 4 * FL_TRACE_BLOCK + 100), 0);
}

Test(trace_reader, incomplete_traces_are_reported_and_read)
{
    static const struct {
        void (*spoil)(made_trace *made);
        const char *why;
        unsigned least;
    } cases[] = {
        {is_killed, "it has no end", 5},
        {is_full, "it lost events when it was full", 5},
        {was_overwritten, "its oldest events were overwritten", 5},
        {lacks_a_block, "parts of it are missing", 5},
        {has_a_block_of_nobody, "parts of it are damaged", 5},
        {has_half_a_block, "parts of it are damaged", 5},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        made_trace made;
        const char *why;
        make_some(&made);
        cases[i].spoil(&made);
        made_end(&made);
        trace_file *trace = opened_trace(made.path);
        cr_assert_not(trace_is_whole(trace, &why), "%u", i);
        cr_assert(strstr(why, cases[i].why), "%u: %s", i, why);
        cr_assert_geq(count_events(trace), cases[i].least, "%u", i);
        trace_close(trace);
    }
}

/* ---- No traces ---- */

static void other_magic(fl_trace_header *h)
{
    h->magic[0] = 'F';
}

static void other_order(fl_trace_header *h)
{
    h->order = 0x04030201;
}

static void other_version(fl_trace_header *h)
{
    h->version++;
}

static void no_workers(fl_trace_header *h)
{
    h->workers = 0;
}

static void too_many_workers(fl_trace_header *h)
{
    h->workers = UINT32_MAX;
}

static void other_blocks(fl_trace_header *h)
{
    h->block_size = 7;
}

static void unknown_end(fl_trace_header *h)
{
    h->state = FL_TRACE_STATES;
}

static void ends_before_it_begins(fl_trace_header *h)
{
    h->ended_ns = 1;
}

Test(trace_reader, non_traces_are_refused_with_message)
{
    static const struct {
        void (*spoil)(fl_trace_header *header);
        const char *words;
    } cases[] = {
        {other_magic, "it is not a trace of Filch"}, {other_order, "other byte order"},
        {other_version, "its version is another"},   {no_workers, "its head is damaged"},
        {too_many_workers, "its head is damaged"},   {other_blocks, "its head is damaged"},
        {unknown_end, "its head is damaged"},        {ends_before_it_begins, "its head is damaged"},
    };
    char error[256];
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        made_trace made;
        make_some(&made);
        cases[i].spoil(&made.header);
        made_end(&made);
        cr_assert_null(trace_open(made.path, error, sizeof error), "%u", i);
        cr_assert(strstr(error, cases[i].words), "%s", error);
        cr_assert(strstr(error, made.path), "%s", error);
    }
    cr_assert_null(trace_open("/nonexistent/trace", error, sizeof error));
    cr_assert(strstr(error, "No such file"), "%s", error);
    cr_assert_null(trace_open("/dev/null", error, sizeof error));
    cr_assert(strstr(error, "it is not a file"), "%s", error);
    cr_assert_null(trace_open(folder_make(), error, sizeof error));
    cr_assert(strstr(error, "it is not a file"), "%s", error);
}

/* Reading one ends, and stays within the file. */
Test(trace_reader, damaged_files_are_read_or_refused)
{
    enum { ROUNDS = 300, FLIPS = 20 };
    char error[256];
    unsigned seed = 1, opened_ones = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        made_trace made;
        make_some(&made);
        made_end(&made);
        FILE *file = fopen(made.path, "r+");
        for (unsigned i = 0; i < FLIPS; i++) {
            /* most of them where something is: in the heads of header and blocks */
            long block = rand_r(&seed) % 5, at = rand_r(&seed) % 160;
            long place = block ? FL_TRACE_HEADER + (block - 1) * FL_TRACE_BLOCK + at : 32 + at;
            cr_assert_eq(fseek(file, place, SEEK_SET), 0);
            putc(rand_r(&seed), file);
        }
        cr_assert_eq(fclose(file), 0);
        trace_file *trace = trace_open(made.path, error, sizeof error);
        if (trace) {
            count_events(trace);
            opened_ones++;
        }
        trace_close(trace);
        unlink(made.path);
    }
    cr_assert_gt(opened_ones, ROUNDS / 10);
}
