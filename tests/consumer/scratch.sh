# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034
# A scratch folder, removed at the end, with a folder `work` to be in; and the library in it, for scripts that need it.
set -eu
[[ ${TMPDIR-} != *[[:space:]]* ]] || unset TMPDIR # options of pkg-config are separated by blanks
scratch=$(mktemp -d)
export CCACHE_BASEDIR=$scratch # as in tests/support/claims.bash
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
mkdir "$scratch/work"
cd "$scratch/work"

# Installs to one place and then moves: an installed file must not remember where it was built.
install_library() {
    cmake --install "$FILCH_BUILD" --prefix "$scratch/first" >/dev/null
    mv "$scratch/first" "$prefix"
    pkgconfig_file=$(find "$prefix" -name filch.pc)
    libdir=$(dirname "$(dirname "$pkgconfig_file")")
    export PKG_CONFIG_PATH=$libdir/pkgconfig CMAKE_PREFIX_PATH=$prefix LD_LIBRARY_PATH=$libdir PATH=$prefix/bin:$PATH
}
