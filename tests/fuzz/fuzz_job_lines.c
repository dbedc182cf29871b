/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Lines of `filch-jobs enqueue --lines`. The answer is a job within the limits, whose payload stands
 * in the line as it is; or a reason. The same bytes as texts of a stranger: a terminal gets no control
 * character, and JSON only UTF-8. */
#include <stdlib.h>
#include <tests/fuzz/fuzz.h>
#include <tools/jobs/lines.h>
#include <tools/jobs/options.h>
#include <tools/jobs/text.h>

static void check_job(const filch_message *job)
{
    FUZZ_CHECK(job->type && *job->type, "a job has a type");
    FUZZ_CHECK(job->priority < FILCH_MESSAGE_PRIORITIES, "%u", job->priority);
    FUZZ_CHECK(job->delay >= 0 && job->delay <= JOBS_TIME_MOST, "%lld", (long long)job->delay);
    FUZZ_CHECK(job->expires >= 0 && job->expires <= JOBS_TIME_MOST, "%lld",
               (long long)job->expires);
    FUZZ_CHECK(!job->id || *job->id, "an id is not empty");
    for (size_t i = 0; i < job->header_count; i++)
        FUZZ_CHECK(jobs_is_header_name(job->headers[i].name, strlen(job->headers[i].name)), "%s",
                   job->headers[i].name);
}

static void check_texts(const char *text, size_t size)
{
    char *visible = text_visible(text, size, false);
    FUZZ_CHECK(visible && text_is_utf8(visible, strlen(visible)), "it is UTF-8");
    for (const char *at = visible; *at; at++)
        FUZZ_CHECK((unsigned char)*at >= 0x20 && *at != 0x7f, "%s", visible);
    char *again = text_visible(visible, strlen(visible), true);
    FUZZ_CHECK(again, "no memory");
    char *valid = text_utf8(visible);
    FUZZ_CHECK(valid && !strcmp(valid, visible), "%s", visible);
    free(valid);
    free(again);
    free(visible);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[LINES_WHY] = "", *line = malloc(size + 1); /* as getline has it */
    static const filch_message none;
    if (!line)
        return 0;
    memcpy(line, data, size);
    line[size] = '\0';
    filch_message *job = lines_read(line, size, &none, why);
    if (job)
        check_job(job);
    FUZZ_CHECK(job || *why, "a line that is refused has a reason");
    free(job);
    check_texts(line, size);
    free(line);
    return 0;
}
