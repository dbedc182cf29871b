#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# The page of --report: in a headless Chromium, wide and narrow, light, dark and on paper. FILCH_PICTURES keeps its pictures.
. "$(dirname "$0")/../common.bash"
pkg-config --exists jansson || skip "jansson is not installed"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "chromium is not installed"
pictures=${FILCH_PICTURES:-$scratch/pictures}

# The document that is in a page.
document() {
    sed -n '/<script type="application\/json" id="result">/,/<\/script>/p' "$1" | sed '1d;$d'
}

check() { # NAME FILCH-ARGUMENT...
    local name=$1
    shift
    run_filch 0 bench "$@" --report page.html
    document page.html >result.json
    mkdir -p "$pictures/$name"
    claim "the page of $name" python3 -B "$here/check_report.py" "$chromium" page.html result.json "$pictures/$name"
}

# A name that would end the script and start another, were it not spelt otherwise.
strange=$'</script><script>window.bad = 1</script>'
mkdir -p "tree/$strange" && echo content >"tree/$strange/file"
if "$filch" bench --help | grep -q tree-digest; then
    check strange --kernels fib,tree-digest --size tiny --repeat 3 --workers 1,2 --dir "tree/$strange"
    claim "no second script" test "$(grep -c '<script>window' page.html)" -eq 0
fi
check usual --kernels fib,matmul --size tiny --repeat 6 --workers 1,2,3 --columns chase-lev,chase-lev-outline,central-mutex,handpool
# Long names, and many of them.
check many --kernels fib --size tiny --repeat 3 --workers 1,2 \
    --columns chase-lev,sharing,abp --policy random,nearest --idle sleep,spin
check alone --kernels fib --size tiny --repeat 1 --workers 1 --columns chase-lev
check latency --kernels wake --size tiny --repeat 3 --workers 1,2,3 --columns chase-lev
check grains --metg --kernels tb-stencil,tb-tree --size tiny --repeat 2 --workers 2 --columns chase-lev,handpool

${CC:-cc} -O1 -o check_schema "$here/check_schema.c" $(pkg-config --cflags --libs jansson) || exit 1
claim "its document keeps to the schema" ./check_schema "$here/../../docs/result-schema.json" result.json

mkdir closed && refused "closed report" bench --kernels fib --size tiny --report closed
refused "same" bench --kernels fib --size tiny --report one --output one
status=0
"$filch" bench --kernels fib --size tiny --repeat 1 --workers 1 --report /dev/full >out 2>err || status=$?
claim "a full disk is an error, and the table is not lost" test $status -eq 2 -a -s err -a -s out
finish
