#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# From a fresh Debian or Ubuntu machine to a first measurement: installs the seven packages that Filch and `filch bench` need
# (only what is missing), builds `filch`, and runs `filch bench`.
#   ./tools/run.sh --build         only builds, and all: libraries, filch, filch-worker and filch-jobs, in build/run; installs
#                                  the packages of all their parts
#   ./tools/run.sh [OPTION...]     builds filch and measures; the options are those of `filch bench`, which --help prints
# --peers among them also installs other libraries and compilers, on which the same kernels then run beside Filch's. Only
# --peers, --columns and --build build those columns.
set -eu -o pipefail
caller=$PWD # relative paths among the arguments are the caller's
cd "$(dirname "$0")/.."
. tools/packages.sh
. tools/ccache.sh
target=filch_command more=
case ${1-} in
-h | --help) sed -n '3,/^set -eu/{/^# \?/s///p}' tools/run.sh ;; # the rest is filch's own
--build) target=all more=$packages_to_build; [ $# = 1 ] || { echo "--build takes no other option: $*" >&2; exit 2; } ;;
esac
peers= with_peers=OFF
[[ " $* " != *" --peers "* ]] || peers=$packages_of_peers
[[ ! " $*" =~ " "(--peers|--columns|--build|-c) ]] || with_peers=ON
need "$packages_to_run" "$more" "$peers"

build=build/run
filch=$build/tools/filch
log=build/log/run.log
mkdir -p build/log
build_target() {
    cmake --preset release -B $build -DFILCH_WERROR=OFF -DFILCH_PEERS=$with_peers -DFILCH_BUILD_TESTS=OFF -DFILCH_BUILD_BENCH=OFF &&
        cmake --build $build --target $target
}
[ -x $filch ] || echo "building Filch, about a minute on two cores (log: $log)" >&2
alive $log build_target || { tail -n 30 $log >&2; echo "the build failed" >&2; exit 1; }

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
