#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: run_serial on (others install from the same build folder)
# Target `uninstall` removes all that was installed, from a prefix and below DESTDIR, and nothing else.
. "$(dirname "$0")/scratch.sh"

uninstall() {
    cmake --build "$FILCH_BUILD" --target uninstall >log 2>&1
}

# install PREFIX: all, then one component of it again, as packages do.
install() {
    cmake --install "$FILCH_BUILD" --prefix "$1" >log && cmake --install "$FILCH_BUILD" --prefix "$1" --component worker >log
}

# Folders and a file that were there before.
mkdir -p kept/lib/pkgconfig kept/share/filch kept/bin
: >kept/bin/filch-of-another
find kept | sort >before
install "$PWD/kept"
[ "$(find kept -type f | wc -l)" -gt 290 ] || { echo "few files were installed:" && find kept; exit 1; }
uninstall || { cat log; exit 1; }
find kept | sort | diff before - || { echo "'<' was there before the installation, '>' was left behind"; exit 1; }

# Twice: the second installation finds all folders there. A user's file in a folder of ours stays, with the folder.
install "$PWD/new" && : >new/share/filch/users && install "$PWD/new"
uninstall || { cat log; exit 1; }
expected='new new/share new/share/filch new/share/filch/users'
[ "$(find new | sort | paste -sd ' ')" = "$expected" ] || { echo "left behind:" && find new; exit 1; }

# Below DESTDIR, which itself stays.
export DESTDIR=$PWD/stage
install /usr
[ -f stage/usr/share/filch/deploy/dashboard.py ] || { echo "not below DESTDIR:" && find stage | head; exit 1; }
uninstall || { cat log; exit 1; }
[ "$(find stage)" = stage ] || { echo "left behind:" && find stage; exit 1; }

# Nothing is there to remove.
! uninstall || { cat log; exit 1; }
grep -q 'cannot uninstall:' log || { cat log; exit 1; }
