#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tree-digest agrees with find, sort and sha256sum. It names each file that it cannot read, goes on, and ends with status 1.
. "$(dirname "$0")/../common.bash"
"$filch" bench --help | grep -q tree-digest || skip "built without libcrypto"

expected() { # DIR
    find "$1" -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum 2>/dev/null | sha256sum | cut -d' ' -f1
}
digest() { # DIR STATUS
    run_filch "$2" bench --kernels tree-digest --dir "$1" --repeat 1 --workers 1,3 --columns chase-lev,central-mutex,handpool
    claim "the digest of $1 is sha256sum's" grep -q "digest $(expected "$1")" out
}

umask 022 # another user reads the tree below
mkdir -p tree/deep/er/and/deeper tree/empty tree/many 'tree/odd names'
for i in $(seq 300); do echo "$i" >"tree/many/file$i"; done
head -c 3000000 /dev/zero >tree/deep/er/large
: >tree/deep/empty-file
printf x >'tree/odd names/back\slash'
printf y >'tree/odd names/new'$'\n''line'
printf z >'tree/odd names/return'$'\r'
printf w >tree/manz
ln -s many tree/link-to-directory
ln -s deep/er/large tree/link-to-file
mkfifo tree/pipe
digest tree 0
claim "links, pipes and directories are no files: $(grep tree out | head -1)" grep -q '306 files' out
digest tree/ 0
mkdir nothing
digest nothing 0

run_filch 1 bench --kernels tree-digest --dir absent --repeat 1 --workers 1
claim "a missing directory is named" grep -q "absent: No such file" err

# Root reads everything, so that another user has to look.
as_user=()
if [ "$(id -u)" -eq 0 ]; then
    command -v setpriv >/dev/null || skip "no setpriv to give up root's rights with"
    as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod 755 "$scratch"
    "${as_user[@]}" test -r "$scratch" || skip "another user cannot reach $scratch"
    "${as_user[@]}" "$filch" --version >/dev/null 2>&1 || { cp "$filch" command && filch=$scratch/command; }
fi
chmod 000 tree/many/file7
mkdir tree/secret && chmod 000 tree/secret
status=0
"${as_user[@]}" "$filch" bench --kernels tree-digest --dir tree --repeat 1 --workers 1,2 >out 2>err || status=$?
claim "unreadable input ends with 1, not $status" test $status -eq 1
claim "the unreadable file is named once: $(cat err)" test "$(grep -c 'tree/many/file7: Permission denied' err)" -eq 1
claim "the unreadable directory is named" grep -q 'tree/secret: Permission denied' err
claim "the rest is read" grep -q '305 files' out
claim "and counted" grep -q '2 files or directories could not be read' err
finish
