#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: use.sh NEW [OLD]
#
# Installs the packages in the folder NEW, or those in OLD and then NEW over them, uses them as their users do, and purges them. After that
# the same files, users and groups are there as before. For a bare Debian, by a user with sudo: tools/fresh.sh --bare.
new=$(realpath "$1") old=${2:+$(realpath "$2")}
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../..
. "$here/../support/claims.bash"
export DEBIAN_FRONTEND=noninteractive
modules=$(find "$source"/runtime/service/brokers/*/broker.cmake | wc -l)

apt() {
    sudo -E apt-get -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

# state: files, users and groups, but for those of apt and dpkg, and the copies that programs for users make.
state() {
    sudo find / -xdev \( -path /home -o -path /tmp -o -path /var/cache -o -path /var/log -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /proc \
        -o -path /sys \) -prune -o ! -path '/etc/*-' ! -name '*.pyc' ! -name __pycache__ -printf '%y %p %l\n'
    getent passwd
    getent group
}

versions() {
    dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' 'filch-*' 'libfilch*' python3-filch
}

# as_service COMMAND...: as the unit runs it.
as_service() {
    sudo -u filch env -C / XDG_STATE_HOME=/var/lib "$@"
}

packages_in() {
    find "$1" -name '*.deb'
}

# ---- Uses ----

# The first program of README.md, by its own command.
try_program() {
    mkdir -p blocks && awk -v out=blocks -f "$source/tests/docs/blocks.awk" "$source/README.md"
    cp "$(grep -l 'FILCH_TASK(long, fib' blocks/*.c)" fib.c
    does "README's program is compiled, and traced" bash -eu "$(grep -l 'fib.c .*pkg-config' blocks/*.sh)"
    claim "README's program prints 832040: $(head -5 out)" grep -qx 832040 out
}

try_tools() {
    does "filch bench measures" filch bench --kernels fib --size quick
    printf '#include <omp.h>\n#include <stdlib.h>\nint main(void) { return omp_get_num_procs() < 1 || system("grep -o /.*/filch/libgomp.* /proc/$PPID/maps"); }\n' >omp.c
    gcc -fopenmp omp.c -o omp
    does "filch openmp runs a program" filch openmp ./omp
    claim "that program has our libgomp: $(cat out)" grep -q /filch/libgomp.so.1 out
}

# A job is enqueued, and handled by a command.
try_worker() {
    sudo install -d -o filch -g filch -m 700 /var/lib/filch # as StateDirectory= does
    does "a job is enqueued" as_service filch-jobs enqueue --type shout "$1"
    does "the worker ends well" as_service filch-worker --once --handlers '[{"type": "shout", "command": ["sh", "-c", "line=$(cat); echo $line >>/var/lib/filch/heard"]}]'
    claim "the job is handled: $(cat out)" sudo grep -qx "$1" /var/lib/filch/heard
}

try_manual() {
    local name
    for name in filch_pool_create FILCH_FORK filch filch-jobs filch-worker filch-worker.json filch-environment filch-brokers; do
        does "there is a manual page of $name" man --warnings -P cat "$name"
        claim "it names $name: $(head -n 3 out)" grep -q "$name" out
    done
    claim "the site is there" test -s /usr/share/doc/filch-doc/html/man/filch_pool_create.3.html
}

# The other programs of README.md.
try_languages() {
    does "README's Python program runs" python3 "$(grep -l '^import filch' blocks/*.python)"
    claim "it prints 332833500: $(cat out)" grep -qx 332833500 out
    cp "$(grep -l filch/filch.hpp blocks/*.cpp)" first.cc
    # shellcheck disable=SC2046
    does "README's C++ program is compiled" g++ -std=c++17 -O2 first.cc $(pkg-config --cflags --libs filch) -o first
    does "README's C++ program runs" ./first
    claim "it prints 832040: $(cat out)" grep -qx 832040 out
}

# A job in plain JSON from a Python client of Redis, handled by a co-process in Python.
try_redis() {
    local port=16399 server
    redis-server --port $port --bind 127.0.0.1 --save '' >redis.log &
    server=$!
    for _ in $(seq 100); do redis-cli -p $port ping >out 2>&1 && break; sleep 0.1; done
    cat >words.py <<'END'
import sys
sys.path.insert(0, "/usr/share/filch/coprocess")
from filch_coprocess import serve
serve(lambda job: open("counted", "w").write(f"{len(job.body.split())} words\n") and None)
END
    does "Python enqueues plain JSON" python3 -c "
import json, redis
redis.Redis(port=$port).xadd('filch:tasks:0', {'body': json.dumps({'type': 'count', 'payload': 'three small words'})})"
    does "the worker ends well" filch-worker --once --broker "redis://127.0.0.1:$port" --handlers '[{"type": "count", "coprocess": ["python3", "words.py"]}]'
    claim "Python has handled it: $(cat counted out)" grep -qx '3 words' counted
    kill $server && wait $server
}

try_configuration() {
    local unit
    does "the worker lists its brokers" filch-worker --brokers
    claim "each broker's module is there: $(cat out)" test "$(grep -c ': durable' out)" -eq $((modules + 1))
    sed -n 's/^#\(FILCH_SERVICE_\)/\1/p' /etc/filch/worker.env >all.env
    claim "the default configuration has all keys" test "$(wc -l <all.env)" -gt 20
    # shellcheck disable=SC2046
    does "the worker knows each of them" env $(cat all.env) FILCH_SERVICE_BROKER=sqlite: filch-worker --check-config
    for unit in filch-worker.service filch-worker@mail.service; do
        does "$unit is right" systemd-analyze verify --man=no $unit
        claim "$unit: nothing is reported: $(cat out)" test ! -s out
    done
    claim "no unit is enabled" test -z "$(find /etc/systemd -name 'filch*')"
}

# ---- Life ----

sudo apt-get -qq update >/dev/null
mapfile -t debs < <(packages_in "$new")
claim "there are packages in $new" test "${#debs[@]}" -gt 15 # more with debug symbols
mapfile -t others < <(apt-get -s --no-install-recommends install "${debs[@]}" | sed -nE 's/^Inst ([^ ]+) .*/\1/p' | grep -vE '^(lib|python3-)?filch')
does "compilers and the packages that ours need are installed" apt install gcc g++ libc6-dev pkg-config man-db redis-server python3-redis python3-numpy "${others[@]}"
state | sort >before

if [ -n "$old" ]; then
    mapfile -t old_debs < <(packages_in "$old")
    does "the old packages are installed" apt install "${old_debs[@]}"
    claim "filch-worker is the old one" grep -q 'Filch 0\.0\.9' <<<"$(filch-worker --version)"
    try_program
    try_worker old
    as_service filch-jobs enqueue --type shout kept >/dev/null
    echo '# of the administrator' | sudo tee -a /etc/filch/worker.env >/dev/null
fi
does "the packages are installed" apt install "${debs[@]}"
claim "all have the same version: $(versions)" test "$(versions | cut -d' ' -f1,3 | sort -u | wc -l)" -eq 1
if [ -n "$old" ]; then
    does "a program of the old version runs" ./fib
    claim "the administrator's line is kept" grep -q 'of the administrator' /etc/filch/worker.env
fi
claim "filch-worker is not the old one" test "$(filch-worker --version | grep -c 'Filch 0\.0\.9')" -eq 0
try_program
try_tools
try_manual
try_languages
try_worker new
try_redis
[ -z "$old" ] || claim "the job of the old version is handled" sudo grep -qx kept /var/lib/filch/heard
try_configuration

does "the packages are purged" apt purge 'filch-*' 'libfilch*' python3-filch
claim "dpkg knows none of them: $(versions 2>/dev/null)" test -z "$(versions 2>/dev/null | grep -v '^not-installed')"
state | sort >after
claim "nothing is left, and nothing is missing: $(diff before after)" diff -q before after
[ "$failures" -eq 0 ]
