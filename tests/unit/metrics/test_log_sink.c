/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Log sinks: lines reach a reader in order and whole; a reader that stalls holds up nobody, and
 * learns how many lines are missing. */
#include <fcntl.h>
#include <filch/log.h>
#include <tests/support/reading.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

/* ---- A pipe, and all that its reader has read ---- */

enum { WRITERS = 6, ROOM = 1 << 22 };

static struct pipe_end {
    int from, to;
    char *text;
    size_t size;
} reader;

static void open_pipe(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    reader = (struct pipe_end){.from = ends[0], .to = ends[1], .text = malloc(ROOM)};
    cr_assert_eq(fcntl(reader.from, F_SETFL, O_NONBLOCK), 0);
}

static void close_pipe(void)
{
    close(reader.from);
    close(reader.to);
    free(reader.text);
}

static bool read_page(void)
{
    ssize_t n = read(reader.from, reader.text + reader.size, 4096);
    reader.size += n > 0 ? (size_t)n : 0;
    reader.text[reader.size] = '\0';
    return n > 0;
}

static void read_more(void)
{
    while (read_page())
        ;
}

static filch_log_sink *sink_of(const filch_log_sink_config *config)
{
    filch_log_sink *sink = NULL;
    cr_assert_eq(filch_log_sink_create(&sink, reader.to, config), 0, "%s", filch_error());
    return sink;
}

static filch_log log_of(filch_log_sink *sink)
{
    filch_log log;
    OK(filch_log_init(&log, FILCH_LOG_INFO, filch_log_to_sink, sink));
    return log;
}

static filch_log_sink_stats stats_of(filch_log_sink *sink)
{
    filch_log_sink_stats all;
    filch_log_sink_stats_read(sink, &all, sizeof all);
    return all;
}

/* Reads until the sink has nothing left to write. */
static void read_to_the_end(filch_log_sink *sink)
{
    WAIT_WHILE((read_more(), filch_log_sink_flush(sink, 0) == -ETIMEDOUT));
    read_more();
}

/* ---- The lines ---- */

static void say(const filch_log *log, int64_t writer, int64_t number)
{
    FILCH_LOG(log, FILCH_LOG_INFO, "said", filch_log_int("writer", writer),
              filch_log_int("number", number),
              filch_log_text("text", "some text, so that the line is not too short"));
}

typedef struct findings {
    uint64_t lines, missing, reported; /* missing: numbers, up to the last that is there */
    unsigned unreported;               /* jumps that no report had announced */
} findings;

static int64_t number_of(const json_line *line, const char *name)
{
    for (unsigned i = 0; i < line->fields; i++)
        if (line->name[i].size == strlen(name) + 2 &&
            !strncmp(line->name[i].at + 1, name, strlen(name)))
            return strtoll(line->value[i].at, NULL, 10);
    return -1;
}

static void judge_line(findings *all, const json_line *line, int64_t *next)
{
    int64_t writer = number_of(line, "writer"), number = number_of(line, "number");
    if (writer < 0) {
        cr_assert(json_is(line, "\"message\"", "\"log lines dropped\""), "%.200s", line->at);
        cr_assert(json_is(line, "\"level\"", "\"warn\""));
        cr_assert_gt(number_of(line, "dropped"), 0);
        all->reported += (uint64_t)number_of(line, "dropped");
        return;
    }
    cr_assert_lt(writer, WRITERS);
    cr_assert_geq(number, next[writer], "in the order of the writer");
    all->missing += (uint64_t)(number - next[writer]);
    all->unreported += all->missing > all->reported;
    all->lines++;
    next[writer] = number + 1;
}

/* Each line is whole, numbers of a writer rise, and where one is missing it was reported before. */
static findings judge(void)
{
    static json_line line;
    static char one[FILCH_LOG_LINE + 1];
    findings all = {0, 0, 0, 0};
    int64_t next[WRITERS] = {0};
    for (const char *at = reader.text, *end; at < reader.text + reader.size; at = end + 1) {
        end = strchr(at, '\n');
        cr_assert_not_null(end, "a line without its end");
        cr_assert_leq(end + 1 - at, FILCH_LOG_LINE);
        memcpy(one, at, (size_t)(end + 1 - at));
        one[end + 1 - at] = '\0';
        cr_assert(json_read(&line, one), "%s", one);
        judge_line(&all, &line, next);
    }
    return all;
}

/* ---- Readers ---- */

Test(log_sink, lines_reach_the_reader_in_order)
{
    enum { LINES = 200 };
    open_pipe();
    filch_log_sink *sink = sink_of(NULL);
    filch_log log = log_of(sink);
    for (int i = 0; i < LINES; i++)
        say(&log, 0, i);
    OK(filch_log_sink_flush(sink, FILCH_FOREVER));
    read_more();
    findings all = judge();
    cr_assert_eq(all.lines, LINES);
    cr_assert_eq(all.missing + all.reported, 0);
    filch_log_sink_stats stats = stats_of(sink);
    cr_assert_eq(stats.written, LINES);
    cr_assert_eq(stats.waiting + stats.dropped + stats.lost, 0);
    OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
    close_pipe();
}

/* Were one call to wait for the reader, which is this thread, it would wait forever. */
static void stall_and_recover(int flags)
{
    open_pipe();
    cr_assert_eq(fcntl(reader.to, F_SETFL, flags), 0);
    filch_log_sink *sink = sink_of(&(filch_log_sink_config){.size = 8192});
    filch_log log = log_of(sink);
    int64_t number = 0;
    for (int stalls = 0; stalls < 3; stalls++) {
        uint64_t before;
        int rc;
        do { /* until the pipe is full, too */
            before = stats_of(sink).dropped;
            while (stats_of(sink).dropped < before + 100)
                say(&log, 0, number++);
            rc = filch_log_sink_flush(sink, filch_in(1));
        } while (!rc);
        cr_assert_eq(rc, -ETIMEDOUT);
        do { /* until a line finds room, behind those that were dropped */
            before = stats_of(sink).dropped;
            read_page();
            say(&log, 0, number++);
        } while (stats_of(sink).dropped > before);
        read_to_the_end(sink);
    }
    filch_log_sink_stats stats = stats_of(sink);
    findings all = judge();
    cr_assert_eq(all.unreported, 0);
    cr_assert_eq(all.reported, stats.dropped);
    cr_assert_eq(all.missing, stats.dropped);
    cr_assert_eq(all.lines, stats.written);
    cr_assert_eq(stats.written + stats.dropped, (uint64_t)number);
    cr_assert_eq(stats.waiting + stats.lost, 0);
    OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
    close_pipe();
}

Test(log_sink, stalled_reader_blocks_nobody_learns_losses)
{
    stall_and_recover(0);
    stall_and_recover(O_NONBLOCK);
}

Test(log_sink, vanished_reader_only_loses_lines)
{
    open_pipe();
    filch_log_sink *sink = sink_of(NULL);
    filch_log log = log_of(sink);
    close(reader.from);
    say(&log, 0, 0); /* EPIPE, and a signal that would end the process */
    say(&log, 0, 1);
    OK(filch_log_sink_flush(sink, FILCH_FOREVER));
    cr_assert_eq(stats_of(sink).lost, 2);
    int ends[2];
    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    cr_assert_eq(dup2(ends[1], reader.to), reader.to);
    close(ends[1]);
    reader.from = ends[0];
    say(&log, 0, 2);
    OK(filch_log_sink_flush(sink, FILCH_FOREVER));
    read_more();
    cr_assert_eq(judge().lines, 1);
    cr_assert_eq(stats_of(sink).written, 1);
    OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
    close_pipe();
}

/* ---- Ends ---- */

static void fill(filch_log_sink *sink)
{
    filch_log log = log_of(sink);
    for (int64_t number = 0; !stats_of(sink).dropped; number++)
        say(&log, 0, number);
}

Test(log_sink, stalled_reader_does_not_delay_end)
{
    static const int64_t after[] = {0, 1, 5 * FILCH_MILLISECOND};
    for (unsigned i = 0; i < sizeof after / sizeof *after; i++) {
        open_pipe();
        cr_assert_eq(fcntl(reader.to, F_SETPIPE_SZ, 4096), 4096, "half as much as the ring");
        filch_log_sink *sink = sink_of(&(filch_log_sink_config){.size = 8192});
        fill(sink);
        int64_t until = after[i] ? filch_in(after[i]) : 0;
        cr_assert_eq(filch_log_sink_destroy(sink, until), -ETIMEDOUT);
        read_more();
        judge();
        close_pipe();
    }
}

Test(log_sink, destroy_writes_queued_lines)
{
    enum { LINES = 300 };
    open_pipe();
    filch_log_sink *sink = sink_of(NULL);
    filch_log log = log_of(sink);
    for (int i = 0; i < LINES; i++)
        say(&log, 0, i);
    OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
    read_more();
    cr_assert_eq(judge().lines, LINES);
    sink = sink_of(NULL);
    cr_assert_eq(filch_log_sink_destroy(sink, 0), 0, "nothing is lost");
    OK(filch_log_sink_destroy(NULL, 0));
    close_pipe();
}

/* ---- Lines ---- */

Test(log_sink, drop_report_uses_configured_keys)
{
    open_pipe();
    filch_log_sink *sink = sink_of(
        &(filch_log_sink_config){.size = 8192, .keys = {.level = "severity", .message = "m"}});
    fill(sink);
    read_to_the_end(sink);
    const char *report = strstr(reader.text, "\"severity\":");
    cr_assert_not_null(report);
    cr_assert_str_eq(report, "\"severity\":\"warn\",\"m\":\"log lines dropped\",\"dropped\":1}\n");
    OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
    close_pipe();
}

Test(log_sink, lines_of_all_lengths_wrap_ring)
{
    char line[FILCH_LOG_LINE + 1], *expected = malloc(ROOM);
    size_t size = 0;
    open_pipe();
    filch_log_sink *sink = sink_of(&(filch_log_sink_config){.size = 8209});
    for (size_t length = 1; length <= FILCH_LOG_LINE; length += 97) {
        memset(line, 'a' + (int)(length % 26), length);
        line[length - 1] = '\n';
        filch_log_to_sink(line, length, sink);
        memcpy(expected + size, line, length);
        size += length;
        OK(filch_log_sink_flush(sink, FILCH_FOREVER));
        read_more();
    }
    cr_assert_eq(reader.size, size);
    cr_assert_eq(memcmp(reader.text, expected, size), 0);
    cr_assert_eq(stats_of(sink).dropped, 0);
    filch_log_to_sink(line, sizeof line, sink);
    filch_log_to_sink(line, 0, sink);
    cr_assert_eq(stats_of(sink).dropped, 1, "one was too long, and one is none");
    OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
    close_pipe();
    free(expected);
}

/* ---- Many writers ---- */

typedef struct party {
    const filch_log *log;
    int64_t writer, lines;
} party;

static void write_many(void *arg)
{
    party *one = arg;
    for (int64_t i = 0; i < one->lines; i++)
        say(one->log, one->writer, i);
}

Test(log_sink, concurrent_lines_stay_whole_and_ordered)
{
    for (unsigned config = 0; config < CONFIGS - 2; config += 2) { /* 1, 2 and 8 workers */
        static crew parties;
        party all_parties[WRITERS];
        const char *name = crew_open(&parties, config);
        open_pipe();
        filch_log_sink *sink = sink_of(&(filch_log_sink_config){.size = 16384});
        filch_log log = log_of(sink);
        int64_t lines = stress_times(800);
        for (unsigned i = 0; i < WRITERS; i++) {
            all_parties[i] = (party){&log, i, lines};
            crew_start(&parties, (enum crew_kind)(i % CREW_KINDS), write_many, &all_parties[i]);
        }
        WAIT_WHILE((read_more(), signpost_count(&parties.ended) < WRITERS));
        crew_close(&parties);
        read_to_the_end(sink);
        filch_log_sink_stats stats = stats_of(sink);
        findings all = judge();
        cr_assert_eq(all.lines, stats.written, "%s", name);
        cr_assert_eq(all.reported, stats.dropped, "%s", name);
        cr_assert_eq(stats.written + stats.dropped, (uint64_t)(WRITERS * lines), "%s", name);
        OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
        close_pipe();
    }
}

static void flush_and_destroy(void *arg)
{
    filch_log_sink *sink = arg;
    filch_log log = log_of(sink);
    say(&log, 0, 0);
    if (filch_log_sink_flush(sink, FILCH_FOREVER) || stats_of(sink).written != 1)
        filch_die("not flushed: %s", filch_error());
    say(&log, 0, 1);
    if (filch_log_sink_destroy(sink, filch_in(100 * FILCH_SECOND)))
        filch_die("not destroyed: %s", filch_error());
}

Test(log_sink, task_suspends_until_lines_are_written)
{
    static crew parties;
    open_pipe();
    crew_open(&parties, 0);
    crew_start(&parties, CREW_TASK, flush_and_destroy, sink_of(NULL));
    crew_close(&parties);
    read_more();
    cr_assert_eq(judge().lines, 2);
    close_pipe();
}

/* ---- Refusals ---- */

static filch_log_sink *of_parent;

static void in_child(void)
{
    filch_log log = log_of(of_parent);
    say(&log, 0, 0);
    CHILD_CHECK(filch_log_sink_flush(of_parent, FILCH_FOREVER) == -ECHILD);
    CHILD_CHECK(filch_log_sink_destroy(of_parent, FILCH_FOREVER) == -ECHILD);
    CHILD_CHECK(strstr(filch_error(), "parent process"));
}

Test(log_sink, child_process_takes_and_awaits_nothing)
{
    struct child child;
    open_pipe();
    of_parent = sink_of(NULL);
    child_run(&child, in_child);
    cr_assert(child_passed(&child), "%s", child.text);
    OK(filch_log_sink_destroy(of_parent, FILCH_FOREVER));
    read_more();
    cr_assert_eq(reader.size, 0);
    close_pipe();
}

Test(log_sink, bad_arguments_are_refused)
{
    filch_log_sink *sink = NULL;
    static const filch_log_sink_config bad[] = {{.size = 8191},
                                                {.size = ((size_t)1 << 30) + 1},
                                                {.keys = {.time = ""}}};
    cr_assert_eq(filch_log_sink_create(NULL, 2, NULL), -EINVAL);
    cr_assert_eq(filch_log_sink_create(&sink, -1, NULL), -EINVAL);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(filch_log_sink_create(&sink, 2, &bad[i]), -EINVAL, "%u", i);
    cr_assert_null(sink);
    cr_assert_eq(filch_log_sink_flush(NULL, 0), -EINVAL);
}
