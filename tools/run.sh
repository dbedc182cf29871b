#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# From a fresh Debian or Ubuntu machine to a first measurement: installs what Filch needs (only what is missing), builds
# it, and runs `filch bench`.
#   ./tools/run.sh --build         only builds, and all: libraries, filch, filch-worker and filch-jobs, in build/run
#   ./tools/run.sh [OPTION...]     builds filch and measures; the options are those of `filch bench`, which --help prints
# --peers among them also installs other libraries and compilers, on which the same kernels then run beside Filch's. Only
# --peers, --columns and --build build those columns.
set -eu -o pipefail
caller=$PWD # relative paths among the arguments are the caller's
cd "$(dirname "$0")/.."
. tools/packages.sh
target=filch_command
case ${1-} in
-h | --help) sed -n '3,/^set -eu/{/^# \?/s///p}' tools/run.sh ;; # the rest is filch's own
--build) target=all; [ $# = 1 ] || { echo "--build takes no other option: $*" >&2; exit 2; } ;;
esac
peers= with_peers=OFF
[[ " $* " != *" --peers "* ]] || peers=$packages_of_peers
[[ ! " $*" =~ " "(--peers|--columns|--build|-c) ]] || with_peers=ON
need "$packages_to_run" "$peers"

# progress: reads ninja's output and shows how far the build is: in one line of a terminal, else a line per quarter.
progress() {
    local line percent shown=0
    while IFS= read -r line; do
        [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
        percent=$((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
        if [ -t 2 ]; then
            printf '\rbuilding: %3d %%' $percent >&2
        elif [ $percent -ge $((shown + 25)) ]; then
            echo "building: $percent %" >&2
            shown=$percent
        fi
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

build=build/run
filch=$build/tools/filch
mkdir -p build/log
[ -x $filch ] || echo "building Filch, about a minute on two cores (log: build/log/run.log)" >&2
{
    cmake --preset release -B $build -DFILCH_WERROR=OFF -DFILCH_PEERS=$with_peers -DFILCH_BUILD_TESTS=OFF \
        -DFILCH_BUILD_BENCH=OFF &&
        cmake --build $build --target $target
} 2>&1 | tee build/log/run.log | progress || { tail -n 30 build/log/run.log >&2; echo "the build failed" >&2; exit 1; }

if [ "${1-}" = --build ]; then
    cat >&2 <<END
The programs are in $PWD/build/run/tools. Install them and the libraries, as root:
  cmake --install $PWD/$build && ldconfig
END
    exit
fi

status=0
root=$PWD
(cd "$caller" && "$root/$filch" bench "$@") || status=$?
cat >&2 <<END

filch is $PWD/$filch. Try next:
  $filch bench --quick --report report.html   all kernels, as a page for browsers
  ./tools/run.sh --peers                      the same kernels on other libraries, side by side
  $filch tune                                 width and queue of a pool on this machine
  $filch bench --help                         choose kernels, columns and sizes
  ./tools/run.sh --build                      libraries and programs, to install
END
exit $status
