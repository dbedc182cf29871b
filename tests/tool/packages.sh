#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tools/packages.sh against a fake apt: scripts note how they are called, and PATH leads to nothing else.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"
script=$(cd "$here/../../tools" && pwd)/packages.sh

# ---- The fake system: a folder of ordinary commands, one of apt's, one of sudo, and one that packages fill ----

mkdir plain apt sudo filled
for name in bash cat chmod cp cut env grep mkdir mktemp mv paste rm tail touch; do
    ln -s "$(command -v "$name")" "plain/$name"
done
# fake FOLDER/NAME: a command whose script is read; it notes its arguments in `calls`.
fake() {
    {
        echo "#!$scratch/plain/bash"
        echo "cd '$scratch'"
        echo "echo \"${1#*/} \$*\" >>calls"
        cat
    } >"$1"
    chmod +x "$1"
}
fake sudo/sudo <<'END'
exec "$@"
END
fake apt/apt-cache <<'END'
grep -qx "${!#}" offered
END
# `install` fails as a whole, as apt-get does, if one package cannot be had. Package `p-19` brings the command `p`.
fake apt/apt-get <<'END'
[ "$1" != update ] || exit "$(cat update)"
[ "$1" != download ] || exec cp "$3" "$OLDPWD/$3.deb"
shift 4
for package; do
    grep -qx "$package" offered && ! grep -qx "$package" broken || { echo "E: cannot install $package"; exit 100; }
done
for package; do
    cp plain/touch "filled/${package%-[0-9]*}"
    echo "Setting up $package"
done
END
fake apt/dpkg <<'END'
[ "$1" = -x ] && mkdir -p "$OLDPWD/usr/bin" && cp "$OLDPWD/${2##*/}" "$OLDPWD/usr/bin/watch"
END
# Fetches NAME@VERSION if it is offered, as npm does: into the folder behind --prefix, and removes what is not named.
fake apt/npm <<'END'
[ "$1 $2" = "install --prefix" ] || exit 1
rm -rf "$3/node_modules"
for package; do
    grep -qxF -- "$package" offered || continue
    mkdir -p "$3/node_modules/${package%@*}"
    echo "  \"version\": \"${package##*@}\"," >"$3/node_modules/${package%@*}/package.json"
done
END
# id is no part of plain/: it says which user this is
fake plain/id <<'END'
cat user
END

# system USER OFFERED BROKEN: a system with nothing installed.
system() {
    rm -rf filled build calls
    mkdir -p filled
    touch calls
    echo "$1" >user
    tr ' ' '\n' <<<"$2" >offered
    tr ' ' '\n' <<<"$3" >broken
    echo 0 >update
    folders=$scratch/plain:$scratch/filled:$scratch/apt:$scratch/sudo
}

# ask FUNCTION TABLE...: calls a function of packages.sh; leaves status, and what was said in out, err and both.
ask() {
    status=0
    # shellcheck disable=SC2016
    PATH=$folders "$(command -v bash)" -c 'set -eu -o pipefail; . "$0"; "$@"' "$script" "$@" >out 2>err || status=$?
    cat out err >both
}
called() { grep -c -- "$1" calls; }
says() { claim "$1: $(cat both)" grep -q -- "$2" both; }

rows='
one           | command one
two-19 two-14 | command two
'

# ---- Everything is there: nothing is called ----

system 0 "one two-14" ""
cp plain/touch filled/one
cp plain/touch filled/two
ask need "$rows"
claim "installed packages pass: $(cat both)" test "$status" -eq 0
claim "and nothing is said" test ! -s both
claim "nor called: $(cat calls)" test "$(called apt)" -eq 0

# ---- Alternatives, and a second time ----

system 0 "one two-14" ""
ask need "$rows"
claim "the alternative that this release has is installed: $(cat both)" test "$status" -eq 0
claim "with the other package, by one call: $(cat calls)" test "$(called '^apt-get install .* one two-14$')" -eq 1
says "the user is told what is installed" '^installing: one two-19 '
claim "root needs no sudo" test "$(called sudo)" -eq 0
: >calls
ask need "$rows"
claim "the second time nothing is called: $(cat calls)" test "$status-$(called apt)" = 0-0
system 0 "one two-19 two-14" ""
ask need "$rows"
claim "the first alternative goes first: $(cat calls)" test "$(called '^apt-get install .* one two-19$')" -eq 1
cp plain/touch filled/two
rm filled/one
: >calls
ask need "$rows"
claim "only what is missing is installed: $(cat calls)" test "$(called 'apt-get install .*recommends one$')" -eq 1

# ---- A sign of life while apt works: this `sleep` does not wait, and apt-get waits for some signs ----

fake plain/sleep <<'END'
END
cp apt/apt-get quick-get
fake apt/apt-get <<END
began=\$(grep -c '^sleep' calls)
echo "Unpacking one"
until [ "\$1" = update ] || [ "\$(grep -c '^sleep' calls)" -gt \$((began + 2)) ]; do :; done
exec "$scratch/quick-get" "\$@"
END
system 0 "one two-14" ""
ask need "$rows"
rm plain/sleep
mv quick-get apt/apt-get
says "the seconds and the last line of apt's output are printed" '^  [0-9]* s: Unpacking one$'
claim "every ten seconds, or more often: $(cat calls)" test "$(called '^sleep [1-9]$')" -gt 3
claim "and the packages are installed: $(cat both)" test "$status-$(ls filled | wc -l)" = 0-2

# ---- A package that does not exist, or does not install, hides no other ----

system 0 "two-14" ""
ask need "$rows"
claim "an unknown package is an error" test "$status" -eq 1
claim "but the other is installed: $(cat calls)" test -e filled/two
says "the message names the unknown one, and no other" '^missing packages: one$'
says "and why" 'no package of this system is named: one'

system 0 "one two-19" "one"
ask need "$rows"
claim "a package that does not install is an error" test "$status" -eq 1
claim "but the other is installed: $(cat calls)" test -e filled/two
says "the message names the broken one, and no other" '^missing packages: one$'
says "with apt's own words" 'E: cannot install one'
says "and the command to type" '^by hand, as root: apt-get update && apt-get install .* one$'

system 0 "one two-19" ""
echo 100 >update
ask need "$rows"
claim "known packages install although lists cannot be updated: $(cat both)" test "$status" -eq 0

# ---- No network, a full disk, no permission: the script that asked ends with names and the reason ----

system 0 "" ""
ask need "$rows"
claim "without lists, as without a network, need fails: $(cat both)" test "$status" -eq 1
says "with the names" '^missing packages: one two-19$'
says "with the reason" '^no package of this system is named: one$'
system 0 "one two-19" ""
touch build # so that no log can be written
ask need "$rows"
claim "without room for a log, need fails: $(cat both)" test "$status" -eq 1
says "with the names" '^missing packages: one two-19$'
says "with the reason" 'build/log/packages.log: Not a directory'
rm build
system 1000 "one two-19" ""
cat <<END >"$scratch/refusing"
#!$scratch/plain/bash
echo "sudo: a password is required" >&2
exit 1
END
mkdir -p refuse
cp refusing refuse/sudo
chmod +x refuse/sudo
folders=$scratch/refuse:$folders
ask need "$rows"
claim "with a sudo that refuses, need fails: $(cat both)" test "$status" -eq 1
says "with the names" '^missing packages: one two-19$'
says "with the reason" 'sudo: a password is required'
says "with the command to type" '^by hand, as root: .* one two-19$'

# ---- Users, and systems without sudo or apt ----

system 1000 "one two-19" ""
ask need "$rows"
claim "other users pass by sudo: $(cat both)" test "$status" -eq 0
claim "each time: $(cat calls)" test "$(called '^sudo apt-get update')-$(called '^sudo env .*apt-get install')" = 1-1

folders=${folders%:*}
rm filled/*
: >calls
ask need "$rows"
claim "without sudo nothing is called: $(cat calls)" test "$status-$(called apt)" = 1-0
says "and the message says what to do" '^sudo not found: install them as root, or run this script as root$'
says "with the command to type" '^by hand, as root: .* one two-19$'
says "and what is missing" '^missing packages: one two-19$'
claim "and nothing of an earlier log: $(cat err)" test "$(wc -l <err)" -eq 3

folders=${folders%:*}:$scratch/sudo
ask need "$rows"
claim "without apt nothing is called: $(cat calls)" test "$status-$(called apt)" = 1-0
says "the message names the page with other systems' packages" 'by hand.*docs/install.md'
says "and the missing packages" '^missing packages: one two-19$'

# ---- A program taken out of its package ----

program='
watcher-2 watcher | usr/bin/watch
'
system 1000 "watcher" ""
cp plain/touch watcher
ask fetch "$program"
claim "a program is taken out of its package: $(cat both build/log/programs.log)" test "$status-$(find build/tools -type f)" = 0-build/tools/watch
claim "by the user: $(cat calls)" test "$(called sudo)" -eq 0
: >calls
ask fetch "$program"
claim "the second time nothing is called: $(cat calls)" test "$status-$(called apt)" = 0-0
for offered in watcher ""; do
    system 1000 "$offered" ""
    rm -f watcher
    ask fetch "$program"
    claim "a package that cannot be fetched is an error" test "$status" -eq 1
    says "the message names both" '^watch not found, and package watcher-2 could not be fetched'
    claim "and leaves nothing: $(find build -name 'tools.*')" test -z "$(find build -name 'tools.*')"
done
claim "the log names packages that do not exist" grep -q 'no package of this system is named: watcher-2 watcher' build/log/programs.log

# ---- npm packages ----

modules='
@scope/one | 1.2.0
two        | 3.0.1
'
system 1000 "@scope/one@1.2.0 two@3.0.1" ""
ask fetch_modules "$modules"
claim "npm packages are fetched by one call: $(cat calls both)" test "$status-$(called '^npm install .*@scope/one@1.2.0 two@3.0.1$')" = 0-1
says "the user is told which" '^fetching: npm packages @scope/one@1.2.0 two@3.0.1 '
claim "their install scripts do not run: $(cat calls)" test "$(called --ignore-scripts)" -eq 1
: >calls
ask fetch_modules "$modules"
claim "the second time nothing is called: $(cat calls)" test "$status-$(wc -c <calls)" = 0-0
claim "and nothing is said" test ! -s both
echo two@3.0.2 >>offered
ask fetch_modules "${modules/3.0.1/3.0.2}"
says "a changed version is fetched" '^fetching: npm packages two@3.0.2 '
claim "and the others stay: $(cat both)" test "$status-$(find build/tools -name package.json | wc -l)" = 0-2
system 1000 "@scope/one@1.2.0" ""
ask fetch_modules "$modules"
claim "a package that cannot be fetched is an error" test "$status" -eq 1
says "the message names it, and no other" '^npm packages could not be fetched: two@3.0.1: tests'
rm apt/npm
system 1000 "" ""
ask fetch_modules "$modules"
claim "so is a missing npm" test "$status" -eq 1

# ---- The tables themselves ----

# shellcheck disable=SC1090
. "$script"
while IFS='|' read -r packages content; do
    claim "content of a known kind: $packages: $content" \
        grep -Eq '^ (command [^ ]+( [^ ]+)*|(file|server) [^ ]+|module [^ ]+|header [^ ]+ [^ ]+|flags [^ ]+ [^ ]+)$' <<<"$content"
done < <(grep -h '|' <<<"$packages_to_run$packages_to_build$packages_of_peers$packages_of_vs$packages_to_test$packages_to_test_all$packages_of_scale$packages_of_fresh")
while IFS='|' read -r name version; do
    claim "a version of three numbers: $name $version" grep -Eqx ' [0-9]+\.[0-9]+\.[0-9]+' <<<"$version"
done < <(grep '|' <<<"$npm_to_test_all")
[ "$failures" -eq 0 ]
