/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Frames from a co-process. For any bytes, a frame is found within them and within its limit, and
 * read as one of the kinds; a reason is printable ASCII, a delay at most a week. The first two bytes
 * are the limit. */
#include <errno.h>
#include <filch/wait.h>
#include <runtime/service/handlers/coprocess_frame.h>
#include <tests/fuzz/fuzz.h>

#define WEEK (7 * 24 * 60 * 60 * FILCH_SECOND)

static void check_text(const fl_frame *frame)
{
    FUZZ_CHECK(memchr(frame->text, '\0', sizeof frame->text), "a text without its end");
    for (const char *at = frame->text; *at && frame->kind != FL_FRAME_LOG; at++)
        FUZZ_CHECK(*at >= ' ' && *at <= '~', "%s", frame->text);
    FUZZ_CHECK(frame->kind != FL_FRAME_BAD || *frame->text, "no reason");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, data + size};
    size_t most = byte(&in), length = 0;
    most |= (size_t)byte(&in) << 8;
    while (in.at < in.end) {
        size_t left = (size_t)(in.end - in.at);
        int found = fl_frame_find((const char *)in.at, left, most, &length);
        FUZZ_CHECK(found == 1 || found == 0 || found == -EMSGSIZE, "%d", found);
        if (found <= 0)
            break;
        FUZZ_CHECK(length && length <= most && length <= left - FL_FRAME_HEAD, "%zu", length);
        fl_frame frame;
        fl_frame_read(&frame, (const char *)in.at + FL_FRAME_HEAD, length, "1");
        free(frame.told);
        FUZZ_CHECK(frame.kind <= FL_FRAME_PROGRESS, "%d", (int)frame.kind);
        FUZZ_CHECK(frame.after >= 0 && frame.after <= WEEK, "%lld", (long long)frame.after);
        check_text(&frame);
        in.at += FL_FRAME_HEAD + length;
    }
    return 0;
}
