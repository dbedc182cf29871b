#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs an example service of docs/examples/worker on a SQLite queue: its jobs are done, wrong ones become dead letters
# with a reason. One function per service, check_NAME.
# usage: worker.sh PROGRAM, with FILCH_JOBS, the path of filch-jobs, in the environment
set -euo pipefail
program=$1
name=$(basename "$program")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
export FILCH_SERVICE_BROKER=sqlite:$scratch/jobs.db

fail() {
    echo "$name: $*"
    exit 1
}

enqueue() {
    "$FILCH_JOBS" enqueue --type "$1" "$2" >/dev/null || fail "enqueue $2"
}

# serve: until no job is ready.
serve() {
    "$program" --once 2>log || fail "ended with $?: $(cat log)"
}

# dead WORDS: one more dead letter, whose reason has these words.
dead() {
    "$FILCH_JOBS" dead list >letters || fail "dead list"
    grep -qF "$1" letters || fail "no dead letter says '$1': $(cat letters)"
}

# A picture of 64 x 64 pixels, all of one colour.
picture() {
    printf 'P6\n64 64\n255\n'
    printf 'abc%.0s' $(seq 4096)
}

check_images() {
    picture >in.ppm
    enqueue image_processing "{\"url\": \"file://$scratch/in.ppm\", \"to\": \"$scratch/out.ppm\", \"width\": 16}"
    enqueue image_processing '{"url": "http://example.com/a.ppm", "to": "a", "width": 16}'
    enqueue image_processing "{\"url\": \"file://$scratch/none.ppm\", \"to\": \"a\", \"width\": 16}"
    serve
    { printf 'P6\n16 16\n255\n' && printf 'abc%.0s' $(seq 256); } >expected
    cmp expected out.ppm || fail "the thumbnail is wrong"
    dead 'the body is not {"url"'
    dead 'no picture of format PPM'
}

check_exports() {
    python3 - <<'PYTHON'
import sqlite3
db = sqlite3.connect("shop.db")
db.execute("CREATE TABLE orders (id INTEGER, note TEXT)")
db.executemany("INSERT INTO orders VALUES (?, ?)", [(1, "plain"), (2, 'a "quoted", note'), (3, None)])
db.commit()
PYTHON
    enqueue data_export "{\"database\": \"$scratch/shop.db\", \"table\": \"orders\", \"to\": \"$scratch/orders.csv\"}"
    enqueue data_export "{\"database\": \"$scratch/shop.db\", \"table\": \"none\", \"to\": \"$scratch/none.csv\"}"
    serve
    printf '"id","note"\r\n"1","plain"\r\n"2","a ""quoted"", note"\r\n"3",""\r\n' >expected
    cmp expected orders.csv || fail "the export is wrong"
    [ ! -e none.csv ] || fail "a failed export has left a file"
    dead 'no such table'
}

"check_$name"
