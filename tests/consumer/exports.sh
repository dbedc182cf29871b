#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The shared libraries export the names that their headers promise with FILCH_API, each in its version node (runtime/exports.map), and nothing
# else: filch_* in FILCH_0, fl_* in FILCH_PRIVATE. (tools/check_names.py: macros of the headers need each fl_*.) The two
# libraries for OpenMP export the interfaces of others.
. "$(dirname "$0")/common.sh"

# exports FILE: each exported name with its node, NAME@NODE, but for the nodes themselves.
exports() {
    nm -D --defined-only "$1" | awk '$2 != "A" { sub("@@", "@", $3); print $3 }' | sort
}

# check LIBRARY HEADER...
check() {
    local library=$libdir/lib$1.so
    exports "$library" >exported
    # A declaration runs from FILCH_API to its semicolon; its name stands before the first parenthesis that no attribute opens, or before the semicolon.
    cat "${@:2}" | tr '\n' ' ' | grep -oE 'FILCH_API [^;{]*;' | sed -E 's/FILCH_PRINTF\([^)]*\)//' |
        sed -nE 's/^[^(]*[ *]((filch|fl)_[a-z_0-9]+)[(;].*/\1/p' | sed -E '/^filch_/s/$/@FILCH_0/; /^fl_/s/$/@FILCH_PRIVATE/' | sort -u >promised
    [ "$(wc -l <promised)" -gt 10 ] || { echo "$1: found only $(wc -l <promised) promised names"; exit 1; }
    diff promised exported || { echo "$1: '<': promised but not exported; '>': exported but not promised"; exit 1; }
    readelf -d "$library" | grep -q "SONAME.*\[lib$1\.so\.0\]" || { echo "the soname is not lib$1.so.0"; exit 1; }
}

mapfile -t headers < <(find "$prefix/include/filch" -name '*.h' ! -name 'service*.h')
check filch "${headers[@]}"
grep -q '@FILCH_PRIVATE$' exported || { echo "filch: no name has the node FILCH_PRIVATE"; exit 1; }
check filch-service "$prefix"/include/filch/service*.h

for library in libgomp.so.1 libomp.so.5; do
    [ -e "$libdir/filch/$library" ] || continue
    exports "$libdir/filch/$library" >exported
    [ "$(wc -l <exported)" -gt 100 ] || { echo "$library: exports only $(wc -l <exported) names"; exit 1; }
    ! grep -vE '^(_?_?GOMP_|omp_|__kmpc_|ompc_|kmpc_|kmp_|filch_openmp_)' exported || { echo "$library exports these names, which are not OpenMP's"; exit 1; }
done
