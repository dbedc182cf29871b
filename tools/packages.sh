# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034
# The Debian and Ubuntu packages that building and testing need: the one place that names them. Sourced by run.sh and
# test.sh. A package counts as present if its content is found, so other systems and hand-made installations pass as well.
# Fedora, Arch and Alpine: docs/install.md.

# package, then alternatives for other releases | content: command NAME (or another NAME), module PKG-CONFIG-NAME, header
# COMPILER HEADER, flags COMPILER FLAGS, file FILE, server FILE (or a command of its name)

# The core and `filch bench`, but for its kernel tree-digest: ./tools/run.sh. libhwloc-dev brings libc6-dev, by libnuma-dev.
packages_to_run='
gcc                  | command gcc
cmake                | command cmake
ninja-build          | command ninja
pkg-config           | command pkg-config
liburcu-dev          | module liburcu-bp
libhwloc-dev         | module hwloc
libjansson-dev       | module jansson
'
# All libraries and programs: ./tools/run.sh --build.
packages_to_build='
libssl-dev           | module libcrypto
libncurses-dev       | module ncurses
libdw-dev            | module libdw
libsqlite3-dev       | module sqlite3
libmicrohttpd-dev    | module libmicrohttpd
libcurl4-openssl-dev | module libcurl
libhiredis-dev       | module hiredis
librabbitmq-dev      | module librabbitmq
libnats-dev          | module libnats
librdkafka-dev       | module rdkafka
libqpid-proton11-dev libqpid-proton-dev | module libqpid-proton
libpq-dev            | module libpq
python3-cffi         | file /usr/lib/python3/dist-packages/cffi/__init__.py
'
# The Debian packages of this tree: tools/package.sh.
packages_to_package='
build-essential      | file /usr/share/build-essential/list
debhelper            | command dh
dh-python            | command dh_python3
python3              | command python3
doxygen              | command doxygen
cmark-gfm            | command cmark-gfm
mandoc               | command mandoc
systemtap-sdt-dev    | header gcc sys/sdt.h
'
packages_of_peers='
g++              | command g++
libtbb-dev       | module tbb
clang            | command clang++
libomp-dev libomp-19-dev libomp-18-dev | header clang omp.h
'
# The languages and libraries that tools/bars.sh compares Filch with.
packages_of_vs='
golang-go        | command go
libasio-dev      | header g++ asio.hpp
'
# The server and the client library in Go that tools/bars.sh compares services with.
packages_of_services='
golang-github-rabbitmq-amqp091-go-dev | file /usr/share/gocode/src/github.com/rabbitmq/amqp091-go
rabbitmq-server  | command /usr/lib/rabbitmq/bin/rabbitmq-server
'
packages_to_test='
ccache                  | command ccache
libcriterion-dev        | module criterion
tzdata                  | file /usr/share/zoneinfo/Europe/Berlin
libbenchmark-dev        | header g++ benchmark/benchmark.h
libclang-rt-dev libclang-rt-19-dev libclang-rt-18-dev libclang-rt-14-dev | flags clang -fsanitize=thread
clang-format-14 clang-format | command clang-format-14 clang-format
libseccomp2             | file /usr/lib/*/libseccomp.so.2
libpng-dev              | module libpng
redis-tools redis       | command redis-check-rdb
openssl                 | command openssl
postgresql              | server /usr/lib/postgresql/*/bin/postgres
binutils                | command readelf
python3                 | command python3
python3-yaml            | file /usr/lib/python3/dist-packages/yaml/__init__.py
python3-cffi            | file /usr/lib/python3/dist-packages/cffi/__init__.py
python3-numpy           | file /usr/lib/python3/dist-packages/numpy/__init__.py
nodejs                  | command node
codespell               | command codespell
doxygen                 | command doxygen
systemd                 | command systemd-analyze
systemtap-sdt-dev       | header gcc sys/sdt.h
z3                      | command z3
gfortran                | command gfortran
gcc-12-source gcc-13-source gcc-14-source | file /usr/src/gcc-1[234]
'
# For the parts that tools/test.sh leaves out by default.
packages_to_test_all='
pypy3                   | command pypy3
clang-19                | command clang++-19
gcc-aarch64-linux-gnu   | command aarch64-linux-gnu-gcc
libc6-dev-arm64-cross   | header aarch64-linux-gnu-gcc stdio.h
gcc-riscv64-linux-gnu   | command riscv64-linux-gnu-gcc
libc6-dev-riscv64-cross | header riscv64-linux-gnu-gcc stdio.h
libsimgrid-dev          | module simgrid
patch                   | command patch
lintian                 | command lintian
make                    | command make
bzip2                   | command bzip2
valgrind                | command valgrind
gdb                     | command gdb
qemu-user               | command qemu-riscv64
rabbitmq-server         | command /usr/lib/rabbitmq/bin/rabbitmq-server
chromium                | command chromium
npm                     | command npm
python3-kafka           | file /usr/lib/python3/dist-packages/kafka/__init__.py
python3-pika            | file /usr/lib/python3/dist-packages/pika/__init__.py
golang-go               | command go
cargo                   | command cargo
librust-rayon-dev       | file /usr/share/cargo/registry/rayon-1.*
python3-celery          | file /usr/lib/python3/dist-packages/celery/__init__.py
python3-redis           | file /usr/lib/python3/dist-packages/redis/__init__.py
ruby-sidekiq            | command sidekiq
buildah                 | command buildah
runc                    | command runc
golang-github-containers-common | file /usr/share/containers/seccomp.json
clang-tidy-14 clang-tidy | command clang-tidy-14 clang-tidy
abigail-tools           | command abidw
cmark-gfm               | command cmark-gfm
mandoc                  | command mandoc
man-db                  | command lexgrog
zsh                     | command zsh
fish                    | command fish
imagemagick             | file /usr/bin/convert
graphicsmagick          | command gm
libfftw3-dev            | header gcc fftw3.h
libopenblas0-openmp     | file /usr/lib/*/openblas-openmp/libopenblas.so.0
python3-numba           | file /usr/lib/python3/dist-packages/numba/__init__.py
python3-pandas          | file /usr/lib/python3/dist-packages/pandas/__init__.py
python3-nbclient        | file /usr/lib/python3/dist-packages/nbclient/__init__.py
python3-ipykernel       | file /usr/lib/python3/dist-packages/ipykernel/__init__.py
python3-pip             | file /usr/lib/python3/dist-packages/pip/__init__.py
python3-setuptools      | file /usr/lib/python3/dist-packages/setuptools/__init__.py
python3-wheel           | file /usr/lib/python3/dist-packages/wheel/__init__.py
rustc                   | command rustc
python3-sklearn         | file /usr/lib/python3/dist-packages/sklearn/__init__.py
libgraphblas-dev        | file /usr/lib/*/libgraphblas.so
primecount              | command primecount
kalign                  | command kalign
clustalo                | command clustalo
fasttree                | command fasttreeMP
bart                    | command bart
'

# For tools/scale.sh: a program that runs with the libraries beside it.
packages_of_scale='
patchelf | command patchelf
'
# For tools/fresh.sh, the container image, and the bare roots that packages are installed in.
packages_of_fresh='
mmdebstrap             | command mmdebstrap
debian-archive-keyring | file /usr/share/keyrings/debian-archive-keyring.gpg
'

# package, then alternatives | a program in it. The program is taken out, into build/tools, and the package is not
# installed: that would start its service.
programs_to_test='
promtool prometheus | usr/bin/promtool
nats-server         | usr/sbin/nats-server
'
programs_to_test_all='
prometheus          | usr/bin/prometheus
'

# npm package | version. They go into build/tools/node_modules; their install scripts do not run.
npm_to_test_all='
fauxqs                  | 2.4.1
'
PATH=$PATH:$PWD/build/tools

# brings KIND ARGUMENTS...: is it there?
brings() {
    case $1 in
    command) command -v "${@:2}" >/dev/null ;;
    program) "$2" --version >/dev/null 2>&1 ;;
    file) [ -e "$2" ] ;;
    server) [ -e "$2" ] || command -v "${2##*/}" >/dev/null ;;
    module) pkg-config --exists "$2" 2>/dev/null ;;
    header) echo "#include <$3>" | "$2" -x "$(language_of "$2")" -fsyntax-only - 2>/dev/null ;;
    flags) echo 'int main(void) { return 0; }' | "$2" "$3" -x c - -o /dev/null 2>/dev/null ;;
    esac
}

language_of() {
    case $1 in *++*) echo c++ ;; *) echo c ;; esac
}

# missing TABLE...: the rows whose content is not there, one a line: a package and its alternatives.
missing() {
    local packages what
    printf '%s\n' "$@" | while IFS='|' read -r packages what; do
        # shellcheck disable=SC2086
        [ -z "${what// /}" ] || brings $what || echo $packages
    done
}

# offered PACKAGE...: the first that apt can install.
offered() {
    local package
    for package; do
        if apt-cache show --no-all-versions "$package" >/dev/null 2>&1; then
            echo "$package"
            return
        fi
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# alive LOG COMMAND...: runs the command with its output in LOG; meanwhile shows the seconds and LOG's last line.
alive() {
    local log=$1 pulse status=0
    shift
    show_pulse "$log" &
    pulse=$!
    "$@" >"$log" 2>&1 || status=$?
    { kill $pulse && wait $pulse; } 2>/dev/null || true
    [ ! -t 2 ] || printf '\r\033[K' >&2
    return $status
}

# show_pulse LOG: on a terminal each second in one line, else a line every five, until it is killed or this script has ended.
show_pulse() {
    local pause=5 began=$SECONDS line
    [ ! -t 2 ] || pause=1
    while sleep $pause >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do # sleep may outlive this, and must not hold a pipe open
        line="  $((SECONDS - began)) s: $(tail -n 1 "$1" 2>/dev/null | cut -c 1-90)" || true
        if [ -t 2 ]; then printf '\r\033[K%s' "$line" >&2; else echo "$line" >&2; fi
    done
}

# install_rows ROWS: by apt-get, the first package offered of each row; if that fails as a whole, one by one. With
# RUNLEVEL=1 the services of packages that have some, such as rabbitmq-server, are not started: tests start their own.
install_rows() {
    local names=() row name get="as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq -y --no-install-recommends"
    as_root apt-get update -qq
    while read -r row; do
        # shellcheck disable=SC2086
        if name=$(offered $row); then names+=("$name"); else echo "no package of this system is named: $row"; fi
    done <<<"$1"
    $get "${names[@]}" && return
    for name in "${names[@]}"; do $get "$name"; done
}

# clang_14 NAME: the program's name, if this machine has its version 14, which decides about layout and idioms; Debian 13 has only
# later ones.
clang_14() {
    local program
    for program in "clang-$1-14" "clang-$1"; do
        "$program" --version 2>/dev/null | grep -q 'version 14\.' || continue
        echo $program
        return
    done
    return 1
}

# need TABLE...: installs what is missing, by apt-get, and reports it; fails when something is still missing: with the
# names, the reason, and the command to type.
need() {
    local absent names tried='' log=build/log/packages.log
    absent=$(missing "$@")
    [ -n "$absent" ] || return 0
    rm -f $log
    if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }; then
        echo "installing: $(cut -d' ' -f1 <<<"$absent" | paste -sd' ') (log: $log)"
        tried=1
        mkdir -p build/log || true
        alive $log install_rows "$absent" || true # the next line looks again
        absent=$(missing "$@")
    fi
    [ -n "$absent" ] || return 0
    names=$(cut -d' ' -f1 <<<"$absent" | paste -sd' ')
    echo "missing packages: $names" >&2
    if ! command -v apt-get >/dev/null; then
        echo "apt-get not found: install these by hand (names for Fedora, Arch and Alpine: docs/install.md)" >&2
        return 1
    fi
    if [ "$tried" ]; then
        echo "apt-get could not install them ($log):" >&2
        { grep -E '^(E:|W:|Err|dpkg:|sudo:|no package)|[Nn]o space' $log || tail -n 5 $log; } 2>&1 | tail -n 5 >&2
    else
        echo "sudo not found: install them as root, or run this script as root" >&2
    fi
    echo "by hand, as root: apt-get update && apt-get install --no-install-recommends $names" >&2
    return 1
}

# take_out PROGRAM PACKAGE...: into build/tools, as the calling user, from the first package offered.
take_out() {
    local room package program=$1 taken=1
    shift
    package=$(offered "$@") || { echo "no package of this system is named: $*"; return 1; }
    room=$(mktemp -d build/tools.XXXXXX) || return 1
    (cd "$room" && apt-get download -qq "$package" && dpkg -x ./*.deb .) && mv "$room/$program" build/tools/ && taken=0
    rm -rf "$room"
    return $taken
}

# fetch TABLE: takes out the programs that are not there, and reports it; fails when one is still missing.
fetch() {
    local packages program name log=$PWD/build/log/programs.log failed=0
    mkdir -p build/log build/tools
    while IFS='|' read -r packages program; do
        program=${program# } name=${program##*/}
        [ -n "$name" ] || continue
        brings program "$name" && continue
        echo "fetching: $name of the package ${packages%% *} (log: $log)"
        # shellcheck disable=SC2086
        take_out "$program" $packages >"$log" 2>&1 ||
            { as_root apt-get update -qq && take_out "$program" $packages; } >>"$log" 2>&1 || true
        brings program "$name" && continue
        echo "$name not found, and package ${packages%% *} could not be fetched: tests that need it are skipped (put it on PATH)" >&2
        failed=1
    done <<<"$1"
    return $failed
}

# absent_modules TABLE: the rows whose package is not in build/tools/node_modules in that version, one a line: NAME@VERSION.
absent_modules() {
    local name version
    while IFS=' |' read -r name version; do
        [ -z "$name" ] || grep -qs "\"version\": \"$version\"" "build/tools/node_modules/$name/package.json" || echo "$name@$version"
    done <<<"$1"
}

# fetch_modules TABLE: fetches npm packages, if one is absent, and reports it; fails when one is still absent. One call names
# all rows, since npm removes packages that a call does not name.
fetch_modules() {
    local absent rows=() name version log=$PWD/build/log/npm.log
    absent=$(absent_modules "$1")
    [ -n "$absent" ] || return 0
    mkdir -p build/log build/tools
    echo "fetching: npm packages $(paste -sd' ' <<<"$absent") (log: $log)"
    while IFS=' |' read -r name version; do
        [ -z "$name" ] || rows+=("$name@$version")
    done <<<"$1"
    npm install --prefix build/tools --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "${rows[@]}" >"$log" 2>&1 || true
    absent=$(absent_modules "$1")
    [ -n "$absent" ] || return 0
    echo "npm packages could not be fetched: $(paste -sd' ' <<<"$absent"): tests that need them are skipped (log: $log)" >&2
    return 1
}
