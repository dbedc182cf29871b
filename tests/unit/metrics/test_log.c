/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Log lines: valid JSON for any content, cut where they are too long, and nothing below their
 * level. */
#include <filch/log.h>
#include <math.h>
#include <runtime/metrics/log.h>
#include <tests/support/reading.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

static char text[FILCH_LOG_LINE + 1];
static const filch_log_keys standard_keys = {"time", "level", "message"};

static const char *line_of(const char *message, const filch_log_field *fields, size_t count)
{
    size_t length = fl_log_line(text, &standard_keys, 0, FILCH_LOG_INFO, message, fields, count);
    cr_assert_leq(length, FILCH_LOG_LINE);
    text[length] = '\0';
    return text;
}

#define EPOCH "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"info\",\"message\":"

Test(log, a_line_has_message_and_fields)
{
    filch_traceparent trace;
    const char header[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    OK(filch_traceparent_parse(&trace, header, sizeof header - 1));
    const filch_log_field fields[] = {
        filch_log_int("least", INT64_MIN), filch_log_int("most", INT64_MAX),
        filch_log_bool("yes", 7),          filch_log_bool("no", 0),
        filch_log_float("half", 0.5),      filch_log_float("tenth", 0.1),
        filch_log_float("none", NAN),      filch_log_float("all", -INFINITY),
        filch_log_text("name", "x"),       filch_log_text("nobody", NULL),
        filch_log_trace(&trace),           filch_log_trace(NULL)};
    cr_assert_str_eq(line_of("hello", fields, sizeof fields / sizeof *fields),
                     EPOCH "\"hello\",\"least\":-9223372036854775808,\"most\":9223372036854775807,"
                           "\"yes\":true,\"no\":false,\"half\":0.5,\"tenth\":0.1,\"none\":null,"
                           "\"all\":null,\"name\":\"x\",\"nobody\":null,"
                           "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
                           "\"span_id\":\"00f067aa0ba902b7\",\"sampled\":true}\n");
    cr_assert_str_eq(line_of(NULL, NULL, 0), EPOCH "\"\"}\n");
}

static const struct {
    const char *said, *written;
} texts[] = {
    {"\"\\/", "\\\"\\\\/"},
    {"\b\f\n\r\t", "\\b\\f\\n\\r\\t"},
    {"\x01\x1f\x7f", "\\u0001\\u001f\x7f"},
    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa6", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa6"},
    /* no UTF-8: alone, overlong, a surrogate, beyond the last, cut */
    {"a\x80z", "a\\ufffdz"},
    {"\xc0\xaf", "\\ufffd\\ufffd"},
    {"\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd"},
    {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
    {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
    {"\xff", "\\ufffd"},
    {"\xe2\x82", "\\ufffd\\ufffd"},
};

Test(log, texts_are_escaped)
{
    char expected[256];
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        filch_log_field field = filch_log_text(texts[i].said, texts[i].said);
        snprintf(expected, sizeof expected, EPOCH "\"%s\",\"%s\":\"%s\"}\n", texts[i].written,
                 texts[i].written, texts[i].written);
        cr_assert_str_eq(line_of(texts[i].said, &field, 1), expected, "text %u", i);
    }
}

static const struct {
    int64_t at; /* ns */
    const char *written;
} times[] = {
    {INT64_C(951782399999999999), "2000-02-28T23:59:59.999999Z"},
    {INT64_C(951782400000000000), "2000-02-29T00:00:00.000000Z"},
    {INT64_C(951868800000001000), "2000-03-01T00:00:00.000001Z"},
    {INT64_C(1709164800000000000), "2024-02-29T00:00:00.000000Z"},
    {INT64_C(1795215993012345678), "2026-11-20T23:06:33.012345Z"},
    {INT64_C(4107542400000000000), "2100-03-01T00:00:00.000000Z"},
    {INT64_C(4107542399000000000), "2100-02-28T23:59:59.000000Z"},
    {-1, "1969-12-31T23:59:59.999999Z"},
    {-1000, "1969-12-31T23:59:59.999999Z"},
    {INT64_MAX, "2262-04-11T23:47:16.854775Z"},
    {INT64_MIN, "1677-09-21T00:12:43.145224Z"},
};

Test(log, times_are_dates_of_rfc_3339)
{
    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        fl_log_line(text, &standard_keys, times[i].at, FILCH_LOG_INFO, "", NULL, 0);
        cr_assert_eq(strncmp(text + 9, times[i].written, strlen(times[i].written)), 0, "%s: %.27s",
                     times[i].written, text + 9);
    }
    for (time_t day = -200000; day < 100000; day++) { /* as the C library has it */
        struct tm tm;
        char date[32];
        time_t second = day * 86400;
        if (second > INT64_MAX / 1000000000 || second < INT64_MIN / 1000000000)
            continue;
        gmtime_r(&second, &tm);
        strftime(date, sizeof date, "%Y-%m-%dT%H", &tm);
        fl_log_line(text, &standard_keys, second * INT64_C(1000000000), FILCH_LOG_INFO, "", NULL,
                    0);
        cr_assert_eq(strncmp(text + 9, date, strlen(date)), 0, "%s: %.27s", date, text + 9);
    }
}

/* ---- Too long ---- */

static json_line line;

static bool is_cut(void)
{
    return json_is(&line, "\"truncated\"", "true");
}

/* Of `length` bytes, of characters of 1 to 4 bytes, or of such as are escaped. */
static char *long_text(size_t length, unsigned kind)
{
    static const char *const characters[] = {"a",  "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\xa6",
                                             "\n", "\x01",     "\xff"};
    char *all = calloc(1, length + 8);
    for (size_t size = strlen(characters[kind]), at = 0; at < length; at += size)
        memcpy(all + at, characters[kind], size);
    return all;
}

static void is_whole_or_cut(const char *said, size_t length)
{
    const filch_log_field fields[] = {filch_log_int("n", 12345678), filch_log_text("t", said),
                                      filch_log_bool("last", true)};
    for (unsigned count = 0; count <= 3; count++) {
        line_of(count > 1 ? "short" : said, fields, count);
        cr_assert(json_read(&line, text), "%.20s in %s", line.at, text);
        bool cut = is_cut();
        cr_assert_leq(line.fields, 3 + count + cut);
        cr_assert(cut || line.fields == 3 + count);
        cr_assert(!cut || strlen(text) > FILCH_LOG_LINE - 64, "there was room");
        cr_assert(length < 2100 ? length > 300 || !cut : cut);
    }
}

Test(log, overlong_text_is_cut_and_marked)
{
    for (unsigned kind = 0; kind < 7; kind++)
        for (size_t length = 1; length<2200; length += length> 310 && length < 1800 ? 97 : 1) {
            char *said = long_text(length, kind);
            is_whole_or_cut(said, length);
            free(said);
        }
}

/* Wherever in a character the room ends. */
static void name_is_left_out(const char *name, const char *said)
{
    const filch_log_field fields[] = {filch_log_int("n", 1), filch_log_int(name, 2),
                                      filch_log_int("m", 3)};
    cr_assert(json_read(&line, line_of(said, fields, 3)), "%s", text);
    cr_assert_eq(line.fields, 5, "the first field and the mark: %s", text);
    cr_assert(is_cut() && json_is(&line, "\"n\"", "1"));
}

Test(log, names_are_not_cut)
{
    for (unsigned kind = 0; kind < 7; kind++)
        for (size_t length = 1; length < 16; length++) {
            char *name = long_text(2100, kind), *said = long_text(length, 0);
            name_is_left_out(name, said);
            free(name);
            free(said);
        }
}

Test(log, long_line_is_cut_between_fields)
{
    static filch_log_field fields[400];
    static char names[400][8];
    for (unsigned i = 0; i < 400; i++) {
        snprintf(names[i], sizeof *names, "f%u", i);
        fields[i] = filch_log_int(names[i], i);
    }
    cr_assert(json_read(&line, line_of("", fields, 400)), "%s", text);
    cr_assert_gt(line.fields, 100);
    cr_assert(is_cut());
    for (unsigned i = 0; i < line.fields - 4; i++) {
        char name[16], value[16];
        snprintf(name, sizeof name, "\"f%u\"", i);
        snprintf(value, sizeof value, "%u", i);
        cr_assert(json_is(&line, name, value));
    }
}

/* ---- Logs ---- */

typedef struct heap {
    filch_u32 lines, bad, bytes;
} heap;

static void take(const char *one, size_t size, void *arg)
{
    heap *all = arg;
    bool good = size > 2 && !memcmp(one, "{\"time\":\"2", 10) &&
                !memcmp(one + size - 2, "}\n", 2) && !memchr(one, '\n', size - 1);
    filch_u32_add(&all->lines, 1, FILCH_ACQ_REL);
    filch_u32_add(&all->bytes, (uint32_t)size, FILCH_ACQ_REL);
    filch_u32_add(&all->bad, !good, FILCH_ACQ_REL);
}

static unsigned computed;

static int64_t compute(void)
{
    return ++computed;
}

Test(log, filtered_levels_compute_nothing)
{
    heap all = {0};
    filch_log log;
    for (filch_log_level least = FILCH_LOG_DEBUG; least <= FILCH_LOG_OFF; least++) {
        if (least == FILCH_LOG_DEBUG)
            OK(filch_log_init(&log, least, take, &all));
        OK(filch_log_set_level(&log, least));
        uint32_t lines = filch_u32_load(&all.lines, FILCH_ACQUIRE);
        computed = 0;
        FILCH_LOG(&log, FILCH_LOG_DEBUG, "one", filch_log_int("n", compute()));
        FILCH_LOG(&log, FILCH_LOG_INFO, "two", filch_log_int("n", compute()));
        FILCH_LOG(&log, FILCH_LOG_WARN, "three", filch_log_int("n", compute()));
        FILCH_LOG(&log, FILCH_LOG_ERROR, "four", filch_log_int("n", compute()));
        FILCH_LOG(&log, FILCH_LOG_OFF, "no level of a line");
        cr_assert_eq(computed, (unsigned)(FILCH_LOG_OFF - least));
        cr_assert_eq(filch_u32_load(&all.lines, FILCH_ACQUIRE) - lines, computed);
    }
    cr_assert_eq(filch_u32_load(&all.bad, FILCH_ACQUIRE), 0);
}

static filch_log shared;

static void log_some(void *arg)
{
    for (int i = 0; i < 100; i++)
        FILCH_LOG(&shared, FILCH_LOG_WARN, "a line", filch_log_int("i", i),
                  filch_log_text("who", arg));
}

static void log_with(crew *all, enum crew_kind kind, const char *name)
{
    heap lines = {0};
    OK(filch_log_init(&shared, FILCH_LOG_INFO, take, &lines));
    for (unsigned i = 0; i < 8; i++)
        crew_start(all, kind, log_some, "somebody");
    crew_wait(all);
    cr_assert_eq(filch_u32_load(&lines.lines, FILCH_ACQUIRE), 800, "%s", name);
    cr_assert_eq(filch_u32_load(&lines.bad, FILCH_ACQUIRE), 0, "%s", name);
}

Test(log, tasks_and_threads_log_whole_lines)
{
    crew_everywhere(log_with);
}

Test(log, file_line_is_one_write)
{
    int ends[2];
    filch_log log;
    cr_assert_eq(pipe(ends), 0);
    OK(filch_log_init(&log, FILCH_LOG_INFO, filch_log_to_fd, (void *)(intptr_t)ends[1]));
    FILCH_LOG(&log, FILCH_LOG_ERROR, "it is said", filch_log_int("n", 1));
    ssize_t size = read(ends[0], text, sizeof text - 1);
    cr_assert_gt(size, 0);
    text[size] = '\0';
    cr_assert(json_read(&line, text));
    cr_assert(json_is(&line, "\"message\"", "\"it is said\""));
    cr_assert(json_is(&line, "\"level\"", "\"error\""));
    close(ends[0]);
    close(ends[1]);
    FILCH_LOG(&log, FILCH_LOG_ERROR, "to a file that is closed");
}

static void panic_of(const char *one, size_t size, void *arg)
{
    filch_panic(__FILE__, __LINE__, -EIO, "cannot write %.*s", (int)(size < 9 ? size : 9), one);
}

static void log_and_panic(filch_self self, void *log)
{
    FILCH_LOG((filch_log *)log, FILCH_LOG_ERROR, "lost");
}

FILCH_TASK(int, try_to_log, (filch_log *, log))
{
    return filch_try(self, log_and_panic, log, NULL);
}

Test(log, its_function_may_panic)
{
    filch_log log;
    filch_runtime *rt = config_runtime(2, 0);
    OK(filch_log_init(&log, FILCH_LOG_INFO, panic_of, NULL));
    cr_assert_eq(FILCH_RUN(rt, try_to_log, &log), -EIO);
    OK(filch_runtime_destroy(rt));
}

/* ---- Keys ---- */

static char taken[FILCH_LOG_LINE + 1];

static void take_line(const char *bytes, size_t size, void *arg)
{
    memcpy(taken, bytes, size);
    taken[size] = '\0';
}

Test(log, its_first_keys_can_be_renamed)
{
    filch_log log;
    OK(filch_log_init(&log, FILCH_LOG_INFO, take_line, NULL));
    OK(filch_log_set_keys(&log, &(filch_log_keys){.time = "timestamp", .message = "msg"}));
    FILCH_LOG(&log, FILCH_LOG_WARN, "hello", filch_log_int("n", 1));
    cr_assert_eq(strncmp(taken, "{\"timestamp\":\"2", 15), 0, "%s", taken);
    cr_assert_str_eq(strstr(taken, "\"level\""), "\"level\":\"warn\",\"msg\":\"hello\",\"n\":1}\n");
    cr_assert(json_read(&line, taken));
    OK(filch_log_set_keys(&log, NULL));
    FILCH_LOG(&log, FILCH_LOG_WARN, "hello");
    cr_assert_eq(strncmp(taken, "{\"time\":\"2", 10), 0, "%s", taken);
}

Test(log, bad_keys_change_nothing)
{
    char longest[66];
    memset(longest, 'k', sizeof longest);
    longest[65] = '\0';
    const filch_log_keys bad[] = {{.time = ""},        {.level = longest},     {.message = "time"},
                                  {.time = "message"}, {.level = "truncated"}, {.level = "a\"b"},
                                  {.level = "a\\b"},   {.level = "\xc3\xa4"},  {.level = "a\nb"}};
    filch_log log;
    OK(filch_log_init(&log, FILCH_LOG_INFO, take_line, NULL));
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(filch_log_set_keys(&log, &bad[i]), -EINVAL, "%u", i);
    cr_assert_eq(filch_log_set_keys(NULL, NULL), -EINVAL);
    longest[64] = '\0';
    cr_assert_str_eq(log.keys.level, "level");
    OK(filch_log_set_keys(&log, &(filch_log_keys){.level = longest}));
    FILCH_LOG(&log, FILCH_LOG_WARN, "hello", filch_log_int("n", 1));
    cr_assert(json_read(&line, taken));
}

Test(log, bad_arguments_are_refused)
{
    filch_log log;
    cr_assert_eq(filch_log_init(NULL, FILCH_LOG_INFO, take, NULL), -EINVAL);
    cr_assert_eq(filch_log_init(&log, FILCH_LOG_INFO, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_log_init(&log, (filch_log_level)5, take, NULL), -EINVAL);
    OK(filch_log_init(&log, FILCH_LOG_INFO, take, NULL));
    cr_assert_eq(filch_log_set_level(&log, (filch_log_level)-1), -EINVAL);
}
