# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
# Compiles through ccache where it is installed. Sourced by the scripts that build, in the tree's top folder. One cache serves
# all clones of the tree, and the bare roots of tools/fresh.sh: paths below the tree are made relative, and the folder of the build is
# not part of the key. CCACHE_DISABLE=1 turns it off; CCACHE_DIR names another cache.

# use_own_cache: makes the folder of the cache, unless CCACHE_DIR names another. Fails where it cannot be made.
use_own_cache() {
    local cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/filch/ccache
    [ -z "${CCACHE_DIR-}" ] || return 0
    # A bare root's user writes there, too; other users do not reach it.
    mkdir -p "$cache" && chmod 700 "$cache" && export CCACHE_DIR=$cache/objects CCACHE_UMASK=000 CCACHE_MAXSIZE=4G
}

if [ -z "${CCACHE_DISABLE-}" ] && command -v ccache >/dev/null && use_own_cache 2>/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
    export CCACHE_SLOPPINESS=pch_defines,time_macros # precompiled headers: gcc itself compares their macros
fi
