#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: container.sh FOLDER
#
# The image of FOLDER/container is built by buildah. Its first stage, which compiles, is replaced by a Debian system of
# mmdebstrap with the programs of this build; CONTAINER_CACHE keeps it. Then the image is inspected. Then runc runs it with
# the manifests' restrictions: under a CPU quota with the default profile of system calls, and under a profile that
# refuses more of them.
[ "$(id -u)" = 0 ] || { echo "skipped: containers are made by root"; exit 77; }
# All processes, containers as well, end with this one; mounts of the builder stay in its namespace.
[ "${FILCH_CONTAINED-}" ] || FILCH_CONTAINED=yes exec unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
here=$(cd "$(dirname "$0")" && pwd)
deploy=$(cd "${1:?the folder to check}" && pwd)
. "$here/../support/claims.bash"
build=${FILCH_BINARY_DIR:?the build tree}
cache=${CONTAINER_CACHE:-$scratch/cache}
profile=/usr/share/containers/seccomp.json
export TMPDIR=$scratch
name=$(basename "$scratch")
name=filch-${name,,}
trap 'runc --root "$scratch/runc" delete --force "$name" 2>/dev/null; cd /; umount -l "$scratch"; rmdir "$scratch"' EXIT
mount -t tmpfs filch-test "$scratch" && cd "$scratch" || exit 1 # it ends with the namespace

for program in buildah mmdebstrap runc python3; do
    command -v $program >/dev/null || skip "$program not found"
done
[ -e $profile ] || skip "no profile of system calls: $profile (Debian: golang-github-containers-common)"
for folder in /sys/fs/cgroup/cpu /sys/fs/cgroup; do
    [ -e $folder/cgroup.procs ] && break
done
mkdir "$folder/$name" 2>/dev/null || skip "no cgroup can be made in $folder"
rmdir "$folder/$name"

# give_up: ends the test after failed claims, whose consequences would only be noise.
give_up() {
    [ "$failures" -eq 0 ] || exit 1
}

# ---- The first stage ----

# In the cache; in the scratch folder with the images of the cache.
in_cache() {
    buildah --root "$cache/storage" --runroot "$scratch/run-cache" --storage-driver vfs "$@"
}
in_scratch() {
    buildah --root "$scratch/storage" --runroot "$scratch/run" --storage-driver vfs --storage-opt vfs.imagestore="$cache/storage" "$@"
}

# The Debian packages that the programs need, and those that collect.sh uses.
packages() {
    find installed -type f -exec ldd {} + | sed -nE 's/.*=> (\/[^ ]*).*/\1/p' | sort -u | xargs realpath | xargs dpkg -S |
        cut -d: -f1 | sort -u | paste -sd,
    echo ",bash,ca-certificates,coreutils,dash,findutils,libc-bin,libgcc-s1,tzdata"
}

# Debian's packages come from where this machine takes them, by its proxy; else from mmdebstrap's default.
mirrors=()
for source in /etc/apt/sources.list /etc/apt/sources.list.d/{debian,ubuntu}.sources; do
    if grep -qsE '^(deb|URIs:)' "$source"; then mirrors+=("$source"); fi
done

make_stage() {
    local container
    apt-config dump --no-empty Acquire | grep -i proxy >proxy.conf
    rm -rf --one-file-system "$cache"
    mkdir -p "$cache"
    mmdebstrap --variant=extract --aptopt="$PWD/proxy.conf" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include="$(packages | tr -d '\n')" \
        --customize-hook='cd "$1/usr/share" && rm -r doc info locale man' \
        "$(. /etc/os-release && echo "$VERSION_CODENAME")" base.tar "${mirrors[@]}" &&
        container=$(in_cache from scratch) && in_cache add -q "$container" base.tar / &&
        in_cache copy -q "$container" installed /installed && in_cache commit -q --disable-compression --rm "$container" filch-builder
}

DESTDIR=$PWD/installed cmake --install "$build" --strip --component worker --prefix /usr >log 2>&1
claim "the programs are installed: $(tail -3 log)" test -x installed/usr/bin/filch-worker -a -x installed/usr/bin/filch-jobs
key=$(find installed -type f -exec sha256sum {} + | sort | cat - "$here/container.sh" | sha256sum)
if [ "$key" != "$(cat "$cache/key" 2>/dev/null)" ]; then
    claim "a first stage is made: $(make_stage 2>&1 | tail -5)" in_cache inspect --type image filch-builder >/dev/null
    give_up
    echo "$key" >"$cache/key"
fi

# ---- The image ----

sources=$(sed -nE 's/^COPY ([^-].*) [^ ]+$/\1/p' "$deploy/container/Containerfile")
claim "the image copies files" test -n "$sources"
for source in $sources; do
    claim "COPY $source: the file exists" test -e "$here/../../$source"
done
give_up
mkdir -p context/tools/deploy
cp -r "$deploy/container" context/tools/deploy
status=0
in_scratch build --format docker --disable-compression --isolation chroot --build-context builder=container-image://localhost/filch-builder \
    -f context/tools/deploy/container/Containerfile -t filch-worker context >log 2>&1 || status=$?
claim "the image is built: $(tail -5 log)" test $status -eq 0
give_up
container=$(in_scratch from --pull-never localhost/filch-worker)
root=$(in_scratch mount "$container")
in_scratch inspect --type image filch-worker >inspected
{ read -r user && read -r entry && read -r port && read -ra health; } < <(python3 - <<'END'
import json
image = json.load(open("inspected"))["Docker"]["config"]
json.dump(image, open("image.json", "w"))
print(image["User"], image["Entrypoint"], " ".join(image["ExposedPorts"]), " ".join(image["Healthcheck"]["Test"][1:]), sep="\n")
END
)

claim "its user is 65534:65534, not $user" test "$user" = 65534:65534
claim "the user is in passwd" grep -q ':65534:65534:' "$root/etc/passwd"
claim "it runs filch-worker, without a shell: $entry" test "$entry" = "['/usr/bin/filch-worker']"
claim "one port is exposed, 8080: $port" test "$port" = 8080/tcp
programs=$(cd "$root" && find . -type f -perm /111 ! -name '*.so*' | sort | paste -sd' ')
claim "its programs are ours: $programs" test "$programs" = "./usr/bin/filch-jobs ./usr/bin/filch-worker"
privileged=$(find "$root" -perm /7000 ! -path "$root/tmp")
claim "no file gives privileges: $privileged" test -z "$privileged"
foreign=$(find "$root" ! -type l ! -path "$root/tmp" \( -perm /022 -o ! -uid 0 \))
claim "only root may write to its files: $foreign" test -z "$foreign"
claim "certificates of authorities: $(ls -l "$root/etc/ssl/certs")" \
    test "$(grep -c 'BEGIN CERTIFICATE' "$root/etc/ssl/certs/ca-certificates.crt")" -gt 50
claim "time zones" test -s "$root/usr/share/zoneinfo/Europe/Berlin"
give_up
echo "image: $(du -sm --apparent-size "$root" | cut -f1) MiB, $(find "$root" -type f | wc -l) files"

# ---- Containers ----

mkdir bundle
runc spec --bundle bundle
mv bundle/config.json spec.json

# begin OPTION...: starts a container, with no network but its own loopback; its log is read by await.
begin() {
    python3 "$here/oci_config.py" "$@" spec.json image.json "$root" $profile "/$name" -- --broker sqlite:/tmp/jobs.db \
        >bundle/config.json || exit 1
    rm -f log all-lines
    mkfifo log
    began=$(date +%s%N)
    runc --root "$scratch/runc" run --bundle bundle "$name" 2>log &
    pid=$!
    exec {lines}<log
}

# await TEXT: reads the log until a line has the text, and leaves it in line.
await() {
    while IFS= read -r line <&"$lines"; do
        printf '%s\n' "$line" >>all-lines
        [[ $line != *"$1"* ]] || return 0
    done
    claim "the log has a line with $1: $(cat all-lines)" false
    exit 1
}

# inside PROGRAM ARGUMENT...: runs it in the container; leaves its output in out, and prints it on failure.
inside() {
    runc --root "$scratch/runc" exec "$name" "$@" >out 2>&1 || { cat out; return 1; }
}

# end_by_signal: SIGTERM drains the worker, and the container ends with status 0.
end_by_signal() {
    local status=0
    runc --root "$scratch/runc" kill "$name" TERM
    await '"service ended"'
    wait "$pid" || status=$?
    claim "SIGTERM ends the worker with 0, not $status: $line" test $status -eq 0
}

# sized: the worker of the container tells its threads, and the reasons, in sizing.
sized() {
    await '"workers started"'
    sizing=$line
}

# serves: the worker in the container runs jobs, answers probes and ends.
serves() {
    local key value worker
    worker=$(runc --root "$scratch/runc" state "$name" | sed -nE 's/.*"pid": ([0-9]+).*/\1/p')
    claim "a job is enqueued in the container" inside /usr/bin/filch-jobs enqueue --broker sqlite:/tmp/jobs.db --type hash text
    await '"task completed"'
    while read -r key value; do
        claim "in the container: $key $value" grep -qE "^$key:[[:space:]]*$value\$" "/proc/$worker/status"
    done <<<"CapEff 0000000000000000
        CapBnd 0000000000000000
        NoNewPrivs 1
        Seccomp 2
        Uid 65534[[:space:]]*65534[[:space:]]*65534[[:space:]]*65534"
    inside /usr/bin/filch-worker --brokers
    claim "all brokers can be used: $(cat out)" \
        test "$(grep -o '^[a-z]*: durable' out)" = "$("$WORKER_COMMAND" --brokers | grep -o '^[a-z]*: durable')"
    claim "its health check passes" inside "${health[@]}"
    claim "it is ready" inside /usr/bin/filch-worker --probe "http://127.0.0.1:${port%/tcp}/ready"
    claim "a preStop hook needs no shell" inside /usr/bin/filch-worker --sleep 1ms
    end_by_signal
}

# Under a quota, as in the manifests.
begin --quota 0.5
sized
await '"broker connected"'
echo "start: $((($(date +%s%N) - began) / 1000000)) ms from runc's start until the broker is connected"
claim "half a CPU is one worker: $sizing" grep -q '"workers":1,' <<<"$sizing"
[ "$(nproc)" = 1 ] || claim "the reason is the quota: $sizing" grep -q "the cgroup's CPU quota" <<<"$sizing"
serves

# Under a profile that refuses calls the runtime would like to make.
begin --refuse membarrier,sched_setaffinity,mbind,set_mempolicy
sized
claim "the full fence is told: $sizing" grep -q '"fence":"full, because membarrier is unavailable here' <<<"$sizing"
[ "$(nproc)" = 1 ] || claim "floating workers are told: $sizing" grep -q 'the system refused CPU affinity (Operation not permitted)' <<<"$sizing"
serves
claim "they are told once" test "$(grep -c membarrier all-lines)" -eq 1
[ "$failures" -eq 0 ]
