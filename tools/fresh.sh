#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: tools/fresh.sh [OPTION...] RELEASE COMMAND [ARG...]
#
# Runs a command in a clone of this tree's last commit, on a bare Debian without this machine's packages and
# settings. A package that no script installs is missing there, and a test that needs this machine fails.
#   tools/fresh.sh bookworm ./tools/test.sh
#   tools/fresh.sh trixie bash              looks around
#   --bare          a root without the packages of the default suite, as a user has it who installs ours
#   --folder DIR    is ~/folder there; changes in it are kept
# RELEASE is bookworm or trixie. The root is made by mmdebstrap: Debian's smallest variant with git, ca-certificates and sudo.
# Then the tree's own scripts install what the default suite needs, as an ordinary user, who also runs the command. The
# root is kept in ~/.cache/filch, by the hash of tools/packages.sh; other changes that the command makes are dropped. The root takes
# only apt's proxy, the resolver and the compiler cache (tools/ccache.sh) from this machine. Exits with the command's status; 125: no root could be made.
set -eu -o pipefail
umask 022 # other users must be able to read the root
caller=$PWD
cd "$(dirname "$0")/.."
here=$PWD
. tools/packages.sh
releases='bookworm trixie'

fail() {
    echo "fresh.sh: $1" >&2
    exit "${2-125}"
}

# ---- A root ----

# devices ROOT: mounts the devices that every program may expect.
devices() {
    local name
    mount -t tmpfs -o mode=755 dev "$1/dev"
    mkdir "$1/dev/pts" "$1/dev/shm"
    for name in null zero full random urandom tty; do
        touch "$1/dev/$name"
        mount --bind "/dev/$name" "$1/dev/$name"
    done
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$1/dev/pts"
    mount -t tmpfs -o mode=1777 shm "$1/dev/shm"
    ln -s pts/ptmx "$1/dev/ptmx"
    ln -s /proc/self/fd "$1/dev/fd"
    for name in stdin:0 stdout:1 stderr:2; do ln -s "/proc/self/fd/${name#*:}" "$1/dev/${name%:*}"; done
}

# inside ROOT [OVER] COMMAND...: runs the command as the first process of its own namespaces, as the root's user, in the tree.
# OVER is a folder for its changes; without one the root itself changes.
inside() {
    local root=$1 over=${2:+$2/root}
    shift 2
    if [ -n "$over" ]; then
        mkdir "${over%/root}"/{upper,work,root}
        mount -t overlay -o "lowerdir=$root,upperdir=${over%/root}/upper,workdir=${over%/root}/work" overlay "$over"
    else
        over=$root
    fi
    hostname fresh
    mount -t proc proc "$over/proc"
    mount -t sysfs sysfs "$over/sys"
    mount -t cgroup2 cgroup2 "$over/sys/fs/cgroup" 2>/dev/null || true # of another version here
    mount -t tmpfs -o mode=755 run "$over/run"
    mkdir "$over/run/systemd" # as on any booted Debian; systemd-analyze needs it
    devices "$over"
    proxies >"$over/etc/apt/apt.conf.d/proxy" # for each run: they change more often than the root
    cp /etc/resolv.conf "$over/etc/"
    git -c safe.directory='*' clone -q --no-hardlinks . "$over/home/user/filch"
    chown -R --reference="$over/home/user" "$over/home/user/filch"
    mkdir -p "$over/home/user/.cache/filch/ccache/objects"
    chown -R --reference="$over/home/user" "$over/home/user/.cache"
    mount --bind "$objects" "$over/home/user/.cache/filch/ccache/objects"
    if [ -n "$folder" ]; then
        mkdir "$over/home/user/folder"
        mount --bind "$folder" "$over/home/user/folder"
    fi
    exec chroot "$over" setpriv --reuid user --regid user --init-groups env -i HOME=/home/user USER=user LOGNAME=user SHELL=/bin/bash \
        TERM="${TERM-dumb}" PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games bash -c 'cd ~/filch && exec "$@"' bash "$@"
}

# enter ROOT OVER COMMAND...: runs the command in namespaces whose processes and mounts end with it.
enter() {
    unshare --mount --pid --ipc --uts --fork --kill-child -- "$here/tools/fresh.sh" --inside "$@"
}

# proxies: apt's settings of them on this machine.
proxies() {
    apt-config dump --no-empty Acquire | grep -i proxy || true
    [ -z "${http_proxy-}" ] || echo "Acquire::http::Proxy \"$http_proxy\";"
}

make_root() {
    local root=$1 release=$2
    mmdebstrap --variant=minbase --include=git,ca-certificates,sudo "$release" "$root" || return
    printf '127.0.0.1 localhost fresh\n::1 localhost\n' >"$root/etc/hosts"
    echo 'user ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/user"
    chroot "$root" useradd --create-home --shell /bin/bash user || return
    [ -z "$bare" ] || return 0
    folder='' enter "$root" '' ./tools/test.sh --install &&
        rm -rf "$root/home/user/filch"
}

# ---- The run ----

if [ "${1-}" = --inside ]; then
    inside "${@:2}"
fi
asked=("$@") bare='' folder=''
while [[ ${1-} = -* ]]; do
    case $1 in
    -h | --help) sed -n '3,/^set -eu/{/^# \?/s///p}' tools/fresh.sh; exit 0 ;;
    --bare) bare=yes ;;
    --folder) folder=$(cd "$caller" && realpath -e "${2-}") || fail "no folder '${2-}'" 2; shift ;;
    *) fail "unknown option $1 (valid: --bare, --folder DIR, --help)" 2 ;;
    esac
    shift
done
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/filch log=$PWD/build/log/fresh.log
export folder objects=$cache/ccache/objects # of tools/ccache.sh
[[ " $releases " = *" ${1-} "* && -n ${1-} ]] || fail "unknown release '${1-}' (valid: $releases)" 2
[ $# -gt 1 ] || fail "no command: tools/fresh.sh $1 COMMAND [ARG...]" 2
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "cannot make a root as user $(id -un): sudo not found (run this as root)"
    cd "$caller"
    exec sudo -- "$here/tools/${0##*/}" "${asked[@]}"
fi
[ -z "$(git -c safe.directory='*' status --porcelain)" ] || echo "fresh.sh: the clone lacks changes that are not committed" >&2
need "$packages_of_fresh" || fail "cannot make a root: see above"

release=$1
kept=$release-$(sha256sum tools/packages.sh | head -c 16) what='the packages of the default suite: two minutes or more'
if [ -n "$bare" ]; then kept=bare-$release what='no other packages: half a minute'; fi
root=$cache/$kept
mkdir -p "$objects" build/log
chmod 700 "$cache/ccache"
chmod 777 "$objects"
exec {lock}>"$cache/${bare:+bare-}$release.lock"
flock $lock
if [ ! -e "$root" ]; then
    echo "making a bare root of $release with $what (log: $log)" >&2
    [ -n "$bare" ] || rm -rf --one-file-system "$cache/$release"-*
    if ! make_root "$root.new" "$release" >"$log" 2>&1 </dev/null; then
        tail -n 5 "$log" >&2
        rm -rf --one-file-system "$root.new"
        fail "cannot make a bare root of $release: see $log"
    fi
    mv "$root.new" "$root"
fi
flock -s $lock # nobody removes the root meanwhile
over=$(mktemp -d "$cache/$release-run.XXXXXX")
trap 'rm -rf --one-file-system "$over"' EXIT
status=0
enter "$root" "$over" "${@:2}" {lock}>&- || status=$?
exit $status
