#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: tools/package.sh [OPTION...] DIR
#
# Builds the Debian packages of the last commit, for this machine's release of Debian, into the folder DIR. Installs the
# packages that a build needs, exports the commit into a scratch folder, adds debian/ there (tools/package), and runs dpkg-buildpackage.
#   --version V   builds this version, MAJOR.MINOR.PATCH; default: that of include/filch/base.h
#   --list        prints the packages and their purposes
#   --help        shows this text
# Two builds of a commit give the same bytes, in any folder and at any time. The packages are not signed. Their maintainer is
# $DEBFULLNAME <$DEBEMAIL>. With DEB_BUILD_OPTIONS=noautodbgsym there are no packages of debug symbols.
set -eu -o pipefail
caller=$PWD
cd "$(dirname "$0")/.."
. tools/packages.sh

fail() {
    echo "package.sh: $1" >&2
    exit "${2-1}"
}

# git_of ARGUMENT...: git, also in a tree of another user, such as one that is mounted.
git_of() {
    git -c safe.directory='*' "$@"
}

version='' folder=''
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) sed -n '3,/^set -eu/{/^# \?/s///p}' tools/package.sh; exit 0 ;;
    --list) exec python3 tools/package/fill.py --list ;;
    --version) [ -n "${2-}" ] || fail "--version has no value (valid: MAJOR.MINOR.PATCH)" 2; version=$2; shift ;;
    -*) fail "unknown option $1 (valid: --version V, --list, --help)" 2 ;;
    *) [ -z "$folder" ] || fail "two folders: $folder and $1 (valid: one)" 2; folder=$1 ;;
    esac
    shift
done
[ -n "$folder" ] || fail "no folder for the packages: tools/package.sh [OPTION...] DIR" 2
[ -z "$version" ] || [[ $version =~ ^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}$ ]] || fail "wrong version '$version' (valid: MAJOR.MINOR.PATCH)" 2
[ -z "$(git_of status --porcelain)" ] || echo "package.sh: changes that are not committed are left out" >&2
need "$packages_to_run" "$packages_to_build" "$packages_to_package" || fail "cannot build packages: see above"

mkdir -p "$(cd "$caller" && realpath -m "$folder")"
folder=$(cd "$caller" && realpath "$folder")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
source=$scratch/filch
log=$folder/build.log
mkdir "$source"
git_of archive HEAD | tar -x -C "$source"
export CCACHE_DISABLE=1 # relative paths in debug information would differ from those of other machines
header=$source/include/filch/base.h
if [ -n "$version" ]; then
    IFS=. read -r major minor patch <<<"$version"
    for part in "MAJOR $major" "MINOR $minor" "PATCH $patch"; do sed -i "s/^\(#define FILCH_VERSION_${part% *}\) .*/\1 ${part#* }/" "$header"; done
fi
version=$(sed -n 's/^#define FILCH_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' "$header" | paste -sd.)
SOURCE_DATE_EPOCH=$(git_of log -1 --format=%ct)
export SOURCE_DATE_EPOCH
"$source/tools/package/fill.py" "$source" "$version" "${DEBFULLNAME-Filch} <${DEBEMAIL-filch@filch.invalid}>" "$SOURCE_DATE_EPOCH" \
    "commit $(git_of rev-parse --short=12 HEAD)"

build() {
    cd "$source" && dpkg-buildpackage -b -us -uc --jobs="$(nproc)"
}
alive "$log" build || { grep -v '^  ' "$log" | tail -n 30 >&2; fail "the build failed (log: $log)"; }
mv "$scratch"/*.deb "$scratch"/*.changes "$scratch"/*.buildinfo "$folder"
(cd "$folder" && printf '%s\n' ./*_"$version"_*.deb)
