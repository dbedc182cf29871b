#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long; timeout 3600
# The packages of the last commit: built, judged by lintian, and used in a bare root of the same release of Debian (use.sh). A build takes minutes,
# so by default the release is this machine's, and each commit has one of two parts. If its hash begins with an even digit, the packages
# are installed over those of the same tree as 0.0.9. Otherwise a second build, in another folder, must give the same bytes.
# FILCH_PACKAGES=all does both, for Debian 12 and 13.
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
. "$here/../support/claims.bash"
known='bookworm trixie'
host=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
commit=$(git -c safe.directory='*' -C "$root" rev-parse HEAD 2>/dev/null) || skip "packages are built from a commit, and git knows none here"
releases=$host upgrade='' again=''
case ${FILCH_PACKAGES-}:$commit in
all:*) releases=$known upgrade=yes again=yes ;;
:[02468ace]*) upgrade=yes ;;
:*) again=yes ;;
*) claim "unknown FILCH_PACKAGES '$FILCH_PACKAGES' (valid: all)" false; exit 1 ;;
esac
[[ " $known " = *" $releases "* || $releases = "$known" ]] || releases=bookworm
"$root/tools/fresh.sh" --bare bookworm true >log 2>&1 || skip "no bare root can be made: $(tail -n 1 log)"
chmod 755 "$scratch"

# refuses WORDS ARGUMENT...: the script ends with status 2, and these words.
refuses() {
    local status=0
    "$root/tools/package.sh" "${@:2}" >log 2>&1 || status=$?
    claim "package.sh ${*:2}: '$1', not $status: $(cat log)" test "$status-$(grep -cF -- "$1" log)" = 2-1
}
refuses 'no folder for the packages'
refuses "wrong version '1.2' (valid: MAJOR.MINOR.PATCH)" --version 1.2 here
refuses '--version has no value' --version
refuses 'unknown option --sign (valid: ' --sign here
refuses 'two folders: here and there' here there

# build RELEASE FOLDER [OPTION...]: on this machine, if it has that release; else in a root.
build() {
    local began=$SECONDS
    mkdir -m 777 "$2"
    if [ "$1" = "$host" ]; then
        "$root/tools/package.sh" "${@:3}" "$2"
    else
        "$root/tools/fresh.sh" --bare --folder "$scratch" "$1" env DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-}" tools/package.sh "${@:3}" "/home/user/folder/$2"
    fi >log 2>&1
    local status=$?
    claim "$2 is built: $(tail -n 30 log)" test $status -eq 0
    [ $status -eq 0 ] || exit 1
    echo "$2: built in $((SECONDS - began)) s"
}

for release in $releases; do
    "$root/tools/fresh.sh" --bare "$release" true >/dev/null 2>&1 & # the next builds need the time
    build "$release" "$release"
    mapfile -t debs < <(find "$release" -name '*.deb' ! -name '*-dbgsym_*')
    if [ "$release" = "$host" ]; then
        does "lintian has neither errors nor warnings" lintian --allow-root --fail-on error,warning "${debs[@]}"
    fi
    if [ -n "$again" ]; then
        (umask 027 && TZ=Asia/Kathmandu TMPDIR=$(mktemp -d "$scratch/elsewhere.XXXXXX") build "$release" "$release-again")
        for deb in "$release"/*.deb; do
            claim "${deb##*/}: both builds have the same bytes" cmp -s "$deb" "$release-again/${deb##*/}"
        done
    fi
    old=''
    if [ -n "$upgrade" ]; then
        old=$release-old
        DEB_BUILD_OPTIONS='noopt noautodbgsym' build "$release" "$old" --version 0.0.9
    fi
    wait
    began=$SECONDS
    does "the packages work on a bare $release, and leave nothing" \
        "$root/tools/fresh.sh" --bare --folder "$scratch" "$release" tests/package/use.sh "/home/user/folder/$release" ${old:+"/home/user/folder/$old"}
    echo "$release: used in $((SECONDS - began)) s"
done
[ "$failures" -eq 0 ]
