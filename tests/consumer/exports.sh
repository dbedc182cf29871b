#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The shared libraries export the names that their headers promise with FILCH_API, and nothing else.
. "$(dirname "$0")/common.sh"

# check LIBRARY HEADER...
check() {
    local library=$libdir/lib$1.so
    nm -D --defined-only "$library" | awk '{ print $3 }' | sort >exported
    # A declaration runs from FILCH_API to its semicolon; its name stands before the first parenthesis that no attribute opens, or before the semicolon.
    cat "${@:2}" | tr '\n' ' ' | grep -oE 'FILCH_API [^;{]*;' | sed -E 's/FILCH_PRINTF\([^)]*\)//' |
        sed -nE 's/^[^(]*[ *]((filch|fl)_[a-z_0-9]+)[(;].*/\1/p' | sort -u >promised
    [ "$(wc -l <promised)" -gt 10 ] || { echo "$1: found only $(wc -l <promised) promised names"; exit 1; }
    diff promised exported || { echo "$1: '<': promised but not exported; '>': exported but not promised"; exit 1; }
    readelf -d "$library" | grep -q "SONAME.*\[lib$1\.so\.0\]" || { echo "the soname is not lib$1.so.0"; exit 1; }
}

mapfile -t headers < <(find "$prefix/include/filch" -name '*.h' ! -name 'service*.h')
check filch "${headers[@]}"
check filch-service "$prefix"/include/filch/service*.h
