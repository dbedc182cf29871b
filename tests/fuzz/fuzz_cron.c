/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cron lines and the rules of time zones: a line, and behind it the rules. Any text is refused with a
 * reason, or has slots that rise; between two of them there is none, also when asked from within. */
#include <filch/base.h>
#include <runtime/service/periodic/cron.h>
#include <runtime/service/periodic/time_zone.h>
#include <string.h>
#include <tests/fuzz/fuzz.h>

enum { LINE_MOST = 200, SLOTS = 8 };

static void check_slots(const fl_cron *cron, const fl_zone *zone, int64_t after)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        int64_t next = fl_cron_next(cron, zone, after);
        FUZZ_CHECK(next > after, "%lld", (long long)after);
        if (next == FL_CRON_NEVER)
            return;
        int64_t middle = after + (next - after) / 2;
        FUZZ_CHECK(fl_cron_next(cron, zone, middle) == (middle < next ? next : middle), "%lld",
                   (long long)middle);
        FUZZ_CHECK(fl_cron_next(cron, zone, next - 1) == next, "%lld", (long long)next);
        after = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[LINE_MOST + 1];
    fl_cron cron;
    fl_zone zone = {0};
    const uint8_t *end = memchr(data, '\n', size);
    size_t length = end ? (size_t)(end - data) : size;
    if (length > LINE_MOST)
        return 0;
    memcpy(line, data, length);
    line[length] = '\0';
    if (end && !fl_zone_rules_read((const char *)end + 1, size - length - 1, &zone))
        return 0;
    if (fl_cron_parse(&cron, line)) {
        FUZZ_CHECK(*filch_error(), "no reason");
        return 0;
    }
    check_slots(&cron, &zone, 1795305610);         /* 2026-11-22T00:00:10Z */
    check_slots(&cron, &zone, 1774740000 - 86400); /* before a change of summer time */
    return 0;
}
