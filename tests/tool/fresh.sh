#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long; timeout 400 (it makes a bare root, with the packages of the default suite)
# tools/fresh.sh: its errors, and what a command finds in the root. Status 77: no root can be made here.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"
fresh=$(cd "$here/../../tools" && pwd)/fresh.sh

# ask COMMAND...: leaves status, and what was printed in `both`.
ask() {
    status=0
    "$@" >both 2>&1 </dev/null || status=$?
}
says() { claim "$1: $(tail -n 5 both)" grep -q -- "$2" both; }

ask "$fresh" woody true
claim "an unknown release is refused: $status" test "$status" -eq 2
says "by name, with those that are known" "unknown release 'woody' (valid: bookworm trixie)"
ask "$fresh"
claim "so is none: $status" test "$status" -eq 2
ask "$fresh" trixie
claim "so is a missing command: $status" test "$status" -eq 2
says "with the form" 'no command: tools/fresh.sh trixie COMMAND'

ask "$fresh" --folder nosuch bookworm true
claim "and a folder that is not there: $status" test "$status" -eq 2
ask "$fresh" --bear bookworm true
claim "and an unknown option: $status" test "$status" -eq 2
says "with those that are known" 'unknown option --bear (valid: --bare, --folder DIR, --help)'

mkdir bare
for name in bash dirname env; do ln -s "$(command -v "$name")" bare/; done
printf '#!/bin/sh\necho 1000\n' >bare/id
chmod +x bare/id
ask env PATH="$scratch/bare" "$fresh" bookworm true
claim "a user without sudo gets no root: $status" test "$status" -eq 125
says "and reads why" 'sudo not found (run this as root)'

if [ "$(id -u)" = 0 ]; then
    mkdir broken
    printf '#!/bin/sh\necho "E: no network" >&2\nexit 1\n' >broken/mmdebstrap
    chmod +x broken/mmdebstrap
    ask env PATH="$scratch/broken:$PATH" XDG_CACHE_HOME="$scratch/cache" "$fresh" bookworm true
    claim "without a network there is no root: $status" test "$status" -eq 125
    says "and the reason is printed" '^E: no network$'
    claim "and no half-made root stays: $(ls cache/filch)" test -z "$(find cache/filch -mindepth 1 -name 'bookworm-*')"
fi

# shellcheck disable=SC2016
ask env OF_THIS_MACHINE=1 "$fresh" bookworm bash -c 'echo "user $(id -un) in $PWD"; env; ls -A /usr/local/bin; git status --porcelain;
    sudo -n id -u; echo change >README.md; exit 3'
[ "$status" != 125 ] || skip "no root can be made here: $(tail -n 1 both)"
claim "the command's status is passed on: $status: $(tail -n 5 both)" test "$status" -eq 3
says "it runs as an ordinary user in the tree" '^user user in /home/user/filch$'
says "this user may use sudo" '^0$'
says "with the PATH of a new account" '^PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games$'
claim "without this machine's variables: $(cat both)" test "$(grep -c OF_THIS_MACHINE both)" -eq 0
mkdir -m 777 mine && chmod 755 . && echo given >mine/in
# shellcheck disable=SC2016
ask "$fresh" --folder mine bookworm bash -c 'cp ~/folder/in ~/folder/out'
claim "a folder of this machine is there: $status: $(cat both)" grep -q given mine/out
umask 027
ask "$fresh" bookworm git status --porcelain
umask 022
claim "changes of a command are gone, and a strict umask does no harm: $(cat both)" test "$status-$(grep -c README both)" = 0-0
[ "$failures" -eq 0 ]
