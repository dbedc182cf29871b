#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The shared library exports the names that its headers promise with FILCH_API, and nothing else.
. "$(dirname "$0")/common.sh"
library=$libdir/libfilch.so
nm -D --defined-only "$library" | awk '{ print $3 }' | sort >exported
# A declaration runs from FILCH_API to its semicolon; its name stands before the first parenthesis that no attribute opens, or before the semicolon.
cat "$prefix"/include/filch/*.h | tr '\n' ' ' | grep -oE 'FILCH_API [^;{]*;' | sed -E 's/FILCH_PRINTF\([^)]*\)//' |
    sed -nE 's/^[^(]*[ *](filch_[a-z_0-9]+)[(;].*/\1/p' | sort -u >promised
[ "$(wc -l <promised)" -gt 10 ] || { echo "found only $(wc -l <promised) promised names"; exit 1; }
diff promised exported || { echo "'<': promised but not exported; '>': exported but not promised"; exit 1; }
readelf -d "$library" | grep -q 'SONAME.*\[libfilch\.so\.0\]' || { echo "the soname is not libfilch.so.0"; exit 1; }
