/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs curl
 *
 * Retry-After of a collector that is busy: in seconds or as a date, an hour at most. */
#include <tests/support/http.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

#include <filch/service_observe.h>
#include <filch/wait.h>
#include <pthread.h>
#include <runtime/service/http/otlp_export.h>
#include <time.h>

enum { ANSWERS = 8 };

/* Gives one answer after another, each on a connection of its own. */
typedef struct collector {
    int listener;
    pthread_t thread;
    char url[64], answers[ANSWERS][256];
    unsigned count;
    int64_t asked[ANSWERS]; /* when the request had come, before the answer */
} collector;

static void *answer_all(void *arg)
{
    collector *one = arg;
    for (unsigned i = 0; i < one->count; i++) {
        int guest = http_accept(one->listener, NULL);
        one->asked[i] = filch_now();
        http_send(guest, one->answers[i], strlen(one->answers[i]));
        close(guest);
    }
    return NULL;
}

/* field: a whole line, or "". */
static void will_answer(collector *one, const char *status, const char *field)
{
    snprintf(one->answers[one->count++], sizeof one->answers[0],
             "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n%s\r\n", status, field);
}

static void begin(collector *one)
{
    int port;
    setenv("no_proxy", "*", 1);
    one->listener = port_listen(ANSWERS, &port);
    snprintf(one->url, sizeof one->url, "http://127.0.0.1:%d", port);
    cr_assert_eq(pthread_create(&one->thread, NULL, answer_all, one), 0);
}

static void end(collector *one)
{
    pthread_join(one->thread, NULL);
    close(one->listener);
}

/* "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT" for that time from now. */
static const char *date_in(time_t seconds)
{
    static char field[64];
    time_t at = time(NULL) + seconds;
    strftime(field, sizeof field, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(&at));
    return field;
}

Test(otlp_retry_after, accepts_seconds_or_date_within_hour)
{
    enum { HOUR = 3600 };
    static const struct {
        const char *field;
        time_t date; /* 0: none */
        int64_t least, most;
    } rows[] = {
        {"Retry-After: 7\r\n", 0, 7, 7},
        {"Retry-After: 7200\r\n", 0, HOUR, HOUR},
        {"Retry-After: soon\r\n", 0, 0, 0},
        {"", 0, 0, 0},
        {NULL, 1000, 1, 1000},
        {NULL, 2 * HOUR, HOUR, HOUR},
        {NULL, -1000, 0, 0},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    collector one = {0};
    for (unsigned i = 0; i < ROWS; i++)
        will_answer(&one, i % 2 ? "429 Many" : "503 Busy",
                    rows[i].date ? date_in(rows[i].date) : rows[i].field);
    begin(&one);
    fl_post *post = fl_post_open(one.url, NULL);
    for (unsigned i = 0; i < ROWS; i++) {
        fl_post_result result = fl_post_send(post, "{}", 10 * FILCH_SECOND);
        cr_assert_eq(result.rc, FL_POST_LATER);
        cr_assert_geq(result.after, rows[i].least * FILCH_SECOND, "%u", i);
        cr_assert_leq(result.after, rows[i].most * FILCH_SECOND, "%u", i);
    }
    fl_post_close(post);
    end(&one);
}

Test(otlp_retry_after, the_exporter_waits_for_so_long)
{
    collector one = {0};
    filch_service_otlp *otlp;
    filch_span *span;
    will_answer(&one, "429 Many", "Retry-After: 1\r\n");
    will_answer(&one, "200 OK", "");
    begin(&one);
    const filch_service_otlp_config config = {.size = sizeof config,
                                              .endpoint = one.url,
                                              .batch = 1,
                                              .pause = FILCH_MILLISECOND};
    cr_assert_eq(filch_service_otlp_start(&otlp, &config), 0, "%s", filch_error());
    const filch_tracer tracer = {.sink = filch_service_otlp_sink, .arg = otlp};
    OK(filch_span_begin(&span, &tracer, "patient", NULL));
    filch_span_end(span);
    filch_span_release(span);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    end(&one);
    cr_assert_geq(one.asked[1] - one.asked[0], FILCH_SECOND);
}
