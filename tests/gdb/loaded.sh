#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# gdb loads its commands with the installed libfilch.so, from the folder of an installation that it trusts.
# usage: loaded.sh PROGRAM LIBRARY BUILD
set -u
program=$1 library=$2 build=$3
source "$(dirname "$0")/../support/claims.bash"
command -v gdb >/dev/null || skip "gdb is not installed"
prefix=$(realpath .)/prefix
claim "the commands can be installed" cmake --install "$build" --component gdb --prefix "$prefix" >/dev/null
script=$(cd "$prefix" && find . -name '*-gdb.py')
folder=${script#./share/gdb/auto-load}
folder=${folder%/*}
claim "they lie below the folder of the library: '$script'" test "${folder#"$prefix"/lib}" != "$folder"
mkdir -p "$folder"
cp "$library" "$folder"
ln -s "${library##*/}" "$folder/libfilch.so.0"
said=$(LC_ALL=C LD_LIBRARY_PATH=$folder gdb -nx -q -batch -iex 'set debuginfod enabled off' \
    -iex "add-auto-load-scripts-directory $prefix/share/gdb/auto-load" -iex "add-auto-load-safe-path $prefix/share/gdb/auto-load" \
    -ex 'set breakpoint pending on' -ex 'break all_states' -ex run -ex 'filch fibers' -ex kill "$program" 2>&1)
claim "filch fibers is known: $said" grep -q '^2 waiting fibers' <<<"$said"
exit $((failures > 0))
