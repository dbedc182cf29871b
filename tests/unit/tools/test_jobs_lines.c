/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_jobs_parts
 *
 * Lines of JSON become jobs, or are refused with a reason. */
#include <filch/service.h>
#include <filch/wait.h>
#include <runtime/service/message.h>
#include <stdio.h>
#include <tests/support/test.h>
#include <tools/jobs/lines.h>

static filch_message *read_line(const char *line, const filch_message *defaults, char *why)
{
    static const filch_message none;
    return lines_read(line, strlen(line), defaults ? defaults : &none, why);
}

Test(jobs_lines, line_carries_all_job_fields)
{
    char why[LINES_WHY] = "";
    filch_message *job = read_line(
        "{\"type\":\"t\",\"id\":\"i\",\"dedup\":\"k\",\"content_type\":\"c\",\"priority\":9,"
        "\"delay\":\"1.5s\",\"expires\":\"1h\",\"headers\":{\"a\":\"1\",\"b\":\"\"},"
        "\"body\":\"x\\u0000y\"}\n",
        NULL, why);
    cr_assert_not_null(job, "%s", why);
    cr_expect_str_eq(job->type, "t");
    cr_expect_str_eq(job->id, "i");
    cr_expect_str_eq(job->dedup, "k");
    cr_expect_str_eq(job->content_type, "c");
    cr_expect_eq(job->priority, 9);
    cr_expect_eq(job->delay, 3 * FILCH_SECOND / 2);
    cr_expect_eq(job->expires, 3600 * FILCH_SECOND);
    cr_expect_eq(job->header_count, 2);
    cr_expect_str_eq(filch_message_header(job, "a"), "1");
    cr_expect_str_eq(filch_message_header(job, "b"), "");
    cr_expect_eq(job->body_size, 3);
    cr_expect_eq(memcmp(job->body, "x\0y", 3), 0);
    free(job);
}

Test(jobs_lines, payload_is_kept_verbatim)
{
    static const char *const payloads[] = {"{ \"n\": 12345678901234567890.10 }", "null", "[1, 2]",
                                           "\"a \\u00e4\"", "0.1e-5"};
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        char line[128], why[LINES_WHY] = "";
        snprintf(line, sizeof line, " {\"payload\" : %s , \"type\":\"t\"}\r\n", payloads[i]);
        filch_message *job = read_line(line, NULL, why);
        cr_assert_not_null(job, "%s: %s", payloads[i], why);
        cr_expect_eq(job->body_size, strlen(payloads[i]));
        cr_expect_eq(memcmp(job->body, payloads[i], job->body_size), 0, "%s", payloads[i]);
        free(job);
    }
}

Test(jobs_lines, missing_keys_take_defaults)
{
    char why[LINES_WHY] = "";
    const filch_header header = {"h", "v"};
    const filch_message defaults = {
        .type = "d", .priority = 4, .delay = 7, .headers = &header, .header_count = 1};
    filch_message *job = read_line("{}", &defaults, why);
    cr_assert_not_null(job, "%s", why);
    cr_expect_str_eq(job->type, "d");
    cr_expect_eq(job->priority, 4);
    cr_expect_eq(job->delay, 7);
    cr_expect_str_eq(filch_message_header(job, "h"), "v");
    cr_expect_eq(job->body_size, 0);
    free(job);
    job = read_line("{\"type\":\"own\",\"headers\":{}}", &defaults, why);
    cr_assert_not_null(job, "%s", why);
    cr_expect_str_eq(job->type, "own");
    cr_expect_eq(job->header_count, 0);
    free(job);
}

Test(jobs_lines, wrong_lines_are_refused_with_reason)
{
    static const struct {
        const char *line, *reason;
    } all[] = {
        {"", "no JSON object"},
        {"x", "no JSON object"},
        {"[]", "no JSON object"},
        {"{\"type\":\"t\"} x", "no JSON object"},
        {"{\"type\":\"t\",\"type\":\"t\"}", "no JSON object"},
        {"{}", "no type"},
        {"{\"type\":\"\"}", "\"type\""},
        {"{\"type\":5}", "\"type\""},
        {"{\"type\":\"a\\u0000b\"}", "\"type\""},
        {"{\"type\":\"t\",\"what\":1}", "unknown key 'what'"},
        {"{\"type\":\"t\",\"priority\":10}", "0..9"},
        {"{\"type\":\"t\",\"priority\":-1}", "0..9"},
        {"{\"type\":\"t\",\"priority\":1.5}", "0..9"},
        {"{\"type\":\"t\",\"priority\":\"1\"}", "0..9"},
        {"{\"type\":\"t\",\"delay\":5}", "\"delay\""},
        {"{\"type\":\"t\",\"delay\":\"5x\"}", "\"delay\""},
        {"{\"type\":\"t\",\"expires\":\"-1s\"}", "\"expires\""},
        {"{\"type\":\"t\",\"headers\":[]}", "\"headers\""},
        {"{\"type\":\"t\",\"headers\":{\"a\":1}}", "\"headers\""},
        {"{\"type\":\"t\",\"headers\":{\"\":\"v\"}}", "\"headers\""},
        {"{\"type\":\"t\",\"headers\":{\"a\\nb\":\"v\"}}", "\"headers\""},
        {"{\"type\":\"t\",\"body\":{}}", "\"body\""},
        {"{\"type\":\"t\",\"body\":\"b\",\"payload\":1}", "both"},
        {"{\"type\":\"t\",\"p\\u0061yload\":1}", "escapes"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char why[LINES_WHY] = "";
        cr_expect_null(read_line(all[i].line, NULL, why), "%s", all[i].line);
        cr_expect(strstr(why, all[i].reason), "%s: %s", all[i].line, why);
    }
}

Test(jobs_lines, deep_nesting_and_large_bodies_fail)
{
    char why[LINES_WHY] = "", *large = malloc(FL_BODY_MOST + 64), deep[512];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    cr_expect_null(read_line(deep, NULL, why));
    cr_expect(strstr(why, "64 deep"), "%s", why);
    strcpy(large, "{\"type\":\"t\",\"body\":\"");
    size_t length = strlen(large);
    memset(large + length, 'x', FL_BODY_MOST + 1);
    strcpy(large + length + FL_BODY_MOST + 1, "\"}");
    cr_expect_null(read_line(large, NULL, why));
    cr_expect(strstr(why, "16 MiB"), "%s", why);
    free(large);
}
