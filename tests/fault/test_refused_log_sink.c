/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals; wraps write eventfd
 *
 * A log sink to which memory, a thread or a file is refused, and one whose file refuses bytes. Linked
 * with wrappers of write and eventfd. */
#include <fcntl.h>
#include <filch/log.h>
#include <tests/support/refuse.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

/* ---- A file that does as it is told ---- */

enum { HANGS = 10000, FOR_EVER };

/* The answers to writes, in their order: bytes that are taken at most, a negative errno, or HANGS.
 * 0: all bytes are taken from now on. FOR_EVER: the answer before it is repeated. */
static const int *answers;
static char taken[16384];
static size_t size;
static int file;
static signpost hanging, released, writes;
static bool report_hangs; /* HANGS for the line about dropped ones */

static ssize_t take(const void *from, size_t count)
{
    memcpy(taken + size, from, count);
    size += count;
    taken[size] = '\0';
    signpost_raise(&writes);
    return (ssize_t)count;
}

ssize_t __real_write(int fd, const void *from, size_t count);
ssize_t __wrap_write(int fd, const void *from, size_t count);
ssize_t __wrap_write(int fd, const void *from, size_t count)
{
    if (!answers || fd != file)
        return __real_write(fd, from, count);
    int answer = *answers == FOR_EVER ? answers[-1] : *answers;
    answers += answer && *answers != FOR_EVER;
    if (answer == HANGS || (report_hangs && memmem(from, count, "dropped", 7))) {
        signpost_raise(&hanging);
        signpost_wait(&released, 1);
    }
    if (answer < 0) {
        errno = -answer;
        return -1;
    }
    return take(from, answer && (size_t)answer < count ? (size_t)answer : count);
}

static bool without_eventfd;

int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags)
{
    if (!without_eventfd)
        return __real_eventfd(count, flags);
    errno = EMFILE;
    return -1;
}

static filch_log_sink *sink_of(const int *with)
{
    filch_log_sink *sink = NULL;
    answers = with;
    file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    cr_assert_eq(filch_log_sink_create(&sink, file, NULL), 0, "%s", filch_error());
    return sink;
}

static void say(filch_log_sink *sink, const char *text)
{
    filch_log_to_sink(text, strlen(text), sink);
}

static filch_log_sink_stats stats_of(filch_log_sink *sink)
{
    filch_log_sink_stats all;
    filch_log_sink_stats_read(sink, &all, sizeof all);
    return all;
}

/* ---- Creation ---- */

Test(refused_log_sink, refused_creation_names_shortage_without_leaks)
{
    filch_log_sink *sink = NULL;
    int64_t held = blocks;
    ASSERT_REFUSED(MEMORY, filch_log_sink_create(&sink, 2, NULL), -ENOMEM, sink);
    ASSERT_REFUSED(THREADS, filch_log_sink_create(&sink, 2, NULL), -EAGAIN, sink);
    cr_assert_not_null(strstr(filch_error(), "no thread"), "%s", filch_error());
    without_eventfd = true;
    cr_assert_eq(filch_log_sink_create(&sink, 2, NULL), -EMFILE);
    without_eventfd = false;
    cr_assert_null(sink);
    cr_assert_eq(blocks, held);
}

Test(refused_log_sink, in_use_it_needs_no_memory)
{
    int64_t held = blocks;
    filch_log_sink *sink = sink_of(NULL);
    say(sink, "one\n");
    cr_assert_eq(filch_log_sink_flush(sink, FILCH_FOREVER), 0, "its thread has begun");
    refuse(MEMORY, 0, true);
    say(sink, "two\n");
    OK(filch_log_sink_flush(sink, FILCH_FOREVER));
    OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
    cr_assert_eq(refuse_no_more(MEMORY), 0);
    cr_assert_eq(blocks, held);
    close(file);
}

/* ---- Errors of the file ---- */

static const struct {
    int answers[8];
    const char *taken; /* of one, two and three, each flushed */
    unsigned lost;
} files[] = {
    {{0}, "one\ntwo\nthree\n", 0},
    {{1, 1, 1, 1, 1, 2}, "one\ntwo\nthree\n", 0},
    {{-EINTR, -EAGAIN, -EINTR, 2, -EINTR, -EAGAIN}, "one\ntwo\nthree\n", 0},
    {{2, -ENOSPC}, "one\ntwo\nthree\n", 0}, /* until there is space again */
    {{-EDQUOT}, "one\ntwo\nthree\n", 0},
    {{-EIO}, "two\nthree\n", 1},
    {{-EPIPE, -EPIPE}, "three\n", 2},
    /* a line that is cut off ends before the next one */
    {{2, -EIO}, "on\ntwo\nthree\n", 1},
    {{2, -EIO, -EIO}, "on\nthree\n", 2},
    {{2, -EIO, 1, -EIO}, "on\nthree\n", 2},
    {{2, -EIO, 2, -EIO}, "on\nt\nthree\n", 2},
    {{3, -EIO}, "one\ntwo\nthree\n", 1},
};

Test(refused_log_sink, only_lasting_errors_cost_lines)
{
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
        size = 0;
        filch_log_sink *sink = sink_of(files[i].answers);
        static const char *const lines[] = {"one\n", "two\n", "three\n"};
        for (unsigned k = 0; k < 3; k++) {
            say(sink, lines[k]);
            OK(filch_log_sink_flush(sink, FILCH_FOREVER));
        }
        cr_assert_str_eq(taken, files[i].taken, "%u", i);
        cr_assert_eq(stats_of(sink).lost, files[i].lost, "%u", i);
        cr_assert_eq(stats_of(sink).written, 3 - files[i].lost, "%u", i);
        OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
        close(file);
    }
}

/* The thread waits in the first write, so that the other lines make one batch. */
Test(refused_log_sink, broken_batch_keeps_whole_lines)
{
    static const int with[] = {HANGS, 6, -EIO, 0};
    filch_log_sink *sink = sink_of(with);
    say(sink, "first\n");
    signpost_wait(&hanging, 1);
    say(sink, "one\n");
    say(sink, "two\n");
    say(sink, "three\n");
    signpost_raise(&released);
    OK(filch_log_sink_flush(sink, FILCH_FOREVER));
    cr_assert_str_eq(taken, "first\none\ntw");
    filch_log_sink_stats stats = stats_of(sink);
    cr_assert_eq(stats.written, 2);
    cr_assert_eq(stats.lost, 2);
    say(sink, "next\n");
    OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
    cr_assert_str_eq(taken, "first\none\ntw\nnext\n");
    close(file);
}

Test(refused_log_sink, full_disk_does_not_delay_destroy)
{
    static const int with[] = {-ENOSPC, FOR_EVER};
    filch_log_sink *sink = sink_of(with);
    say(sink, "one\n");
    cr_assert_eq(filch_log_sink_flush(sink, filch_in(1)), -ETIMEDOUT);
    cr_assert_eq(stats_of(sink).lost, 0);
    cr_assert_eq(stats_of(sink).waiting, 1);
    cr_assert_eq(filch_log_sink_destroy(sink, filch_in(1)), -ETIMEDOUT);
    cr_assert_eq(size, 0);
    close(file);
}

/* Its thread is not left behind: nothing is held when the end returns. */
Test(refused_log_sink, full_pipe_does_not_delay_destroy)
{
    int ends[2];
    char line[FILCH_LOG_LINE] = "";
    int64_t held = blocks;
    filch_log_sink *sink = NULL;
    line[sizeof line - 1] = '\n';
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
    OK(filch_log_sink_create(&sink, ends[1], NULL));
    for (unsigned i = 0; i < 5; i++) /* two fill the pipe */
        filch_log_to_sink(line, sizeof line, sink);
    WAIT_WHILE(stats_of(sink).written == 0);
    cr_assert_eq(filch_log_sink_destroy(sink, filch_in(1)), -ETIMEDOUT);
    cr_assert_eq(__atomic_load_n(&blocks, __ATOMIC_ACQUIRE), held);
}

Test(refused_log_sink, flush_waits_for_drop_report)
{
    static const int with[] = {0};
    filch_log_sink *sink = sink_of(with);
    report_hangs = true;
    filch_log_to_sink(taken, FILCH_LOG_LINE + 1, sink); /* too long */
    signpost_wait(&hanging, 1);
    cr_assert_eq(filch_log_sink_flush(sink, filch_in(1)), -ETIMEDOUT);
    signpost_raise(&released);
    OK(filch_log_sink_flush(sink, FILCH_FOREVER));
    cr_assert_not_null(strstr(taken, "\"dropped\":1}"));
    OK(filch_log_sink_destroy(sink, FILCH_FOREVER));
    close(file);
}

/* Another writer of the file was quicker than this one, and has filled it. */
Test(refused_log_sink, hanging_write_is_left_to_thread)
{
    static const int with[] = {HANGS, 0};
    int64_t held = blocks;
    filch_log_sink *sink = sink_of(with);
    say(sink, "one\n");
    signpost_wait(&hanging, 1);
    cr_assert_eq(filch_log_sink_destroy(sink, filch_in(1)), -ETIMEDOUT);
    cr_assert_eq(__atomic_load_n(&blocks, __ATOMIC_ACQUIRE), held + 1);
    signpost_raise(&released);
    WAIT_WHILE(__atomic_load_n(&blocks, __ATOMIC_ACQUIRE) != held);
    signpost_wait(&writes, 1); /* which it has done: for thread sanitizer */
    cr_assert_str_eq(taken, "one\n");
    close(file);
}
