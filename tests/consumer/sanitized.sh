#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Programs that are built with a sanitizer, on a library that is not: address sanitizer has nothing to report, thread
# sanitizer's programs are refused.
. "$(dirname "$0")/common.sh"
if nm -D "$libdir/libfilch.so" | grep -Eq 'U __[at]san_(init|func_entry)'; then
    echo "the library itself is built with a sanitizer"
    exit 77
fi
for kind in address thread; do
    # shellcheck disable=SC2046,SC2086
    $CC -O1 -g $warnings -fsanitize=$kind "$FILCH_SOURCE/tests/consumer/left_frames.c" $(pkg-config --cflags --libs filch) \
        -o left_frames_$kind
done
for after_return in 0 1; do
    export ASAN_OPTIONS=detect_stack_use_after_return=$after_return
    said=$(./left_frames_address 2>&1) || { echo "address sanitizer, use after return $after_return: $said"; exit 1; }
    [ "$said" = 20 ] || { echo "address sanitizer, use after return $after_return: said: $said"; exit 1; }
done
said=$(./left_frames_thread 2>&1) && { echo "thread sanitizer's program is not refused: $said"; exit 1; }
grep -q 'built with -fsanitize=thread, but the library is not; build the library with its preset tsan' <<<"$said" ||
    { echo "thread sanitizer's program is refused without saying so: $said"; exit 1; }
