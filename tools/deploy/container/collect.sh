#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: collect.sh INSTALLED IMAGE
#
# Lays out an image in the folder IMAGE: the programs and modules below INSTALLED, the shared libraries that they need, the
# certificates of authorities, the time zones, and the user 65534. Nothing there belongs to that user, except /tmp.
set -eu
installed=$1 image=$2

# add FILE: a file of this system, at the same place; links are followed.
add() {
    mkdir -p "$image${1%/*}"
    cp -L "$1" "$image$1"
}

# libraries_of FILE: the paths of all shared libraries that it needs, the loader included.
libraries_of() {
    ldd "$1" >needed
    while read -r name arrow path _; do
        case $name$arrow$path in
        *=\>not*) echo "$1 needs $name, which is not found" >&2; exit 1 ;;
        *=\>/*) echo "$path" ;;
        /*) echo "$name" ;;
        esac
    done <needed
}

umask 022
for folder in dev etc/ssl/certs proc sys usr/bin usr/lib usr/lib64 usr/share; do mkdir -p "$image/$folder"; done
for folder in lib lib64; do ln -s usr/$folder "$image/$folder"; done
mkdir -m 1777 "$image/tmp"
cp -r "$installed/usr/." "$image/usr"

find "$image/usr/bin" "$image/usr/lib" -type f >ours
while read -r file; do libraries_of "$file"; done <ours >libraries
while read -r library; do add "$library"; done <libraries
# Loaded by libc when a thread is cancelled.
add "$(ls /lib/*/libgcc_s.so.1)"

# OpenSSL reads cert.pem in its folder, libcurl the file itself.
cat /usr/share/ca-certificates/*/*.crt >"$image/etc/ssl/certs/ca-certificates.crt"
mkdir "$image/usr/lib/ssl"
ln -s /etc/ssl/certs/ca-certificates.crt "$image/usr/lib/ssl/cert.pem"
cp -r /usr/share/zoneinfo "$image/usr/share"

echo 'filch:x:65534:65534:filch:/:/nonexistent' >"$image/etc/passwd"
echo 'filch:x:65534:' >"$image/etc/group"
echo 'hosts: files dns' >"$image/etc/nsswitch.conf"
chmod -R u=rwX,go=rX "$image/usr" "$image/etc"
