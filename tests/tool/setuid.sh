#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A setuid or setgid program ignores its caller's environment: it writes no file, prints nothing and loads no
# code. Root makes a setuid program and runs it as another user; others make one that is setgid to their second group, or
# ask sudo.
. "$(dirname "$0")/common.bash"

chmod 755 . # for the other user
cp "$VIRTUAL_PROGRAM" program
cp "${WORKER_COMMAND:-$VIRTUAL_PROGRAM}" worker
as_caller=()
other_group=$(id -G | tr ' ' '\n' | grep -vx "$(id -g)" | head -n 1)
if [ "$(id -u)" -eq 0 ]; then
    as_caller=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chown 0:0 program worker
    chmod 4755 program worker
elif [ -n "$other_group" ]; then
    chgrp "$other_group" program worker
    chmod 2755 program worker
elif sudo -n true 2>err; then
    sudo -n chown 0:0 program worker
    sudo -n chmod 4755 program worker
else
    skip "no second group and no sudo, so there is no setuid program"
fi
mkdir -m 777 open
"${as_caller[@]}" env LD_SHOW_AUXV=1 ./program work >out 2>err
if grep -q AT_SECURE out; then
    skip "files give no privileges here (a mount with nosuid, or no_new_privs)"
fi

# run [VARIABLE=VALUE ...]: as the caller; its output is in out and err.
run() {
    "${as_caller[@]}" env "$@" ./program work >out 2>err
    claim "it runs with $*: $(cat err)" grep -q '^100 at' out
}

echo "of the owner" >victim
chmod 666 victim
for variables in "FILCH_TRACE=victim" "FILCH_VIRTUAL=2 FILCH_EXPLORE=record=victim"; do
    # shellcheck disable=SC2086 # several variables
    run $variables
    claim "$variables leaves the file as it was" grep -qx "of the owner" victim
done
for variables in "FILCH_TRACE=$PWD/open/new" "FILCH_VIRTUAL=2 FILCH_EXPLORE=record=$PWD/open/new"; do
    # shellcheck disable=SC2086 # several variables
    run $variables
    claim "$variables makes no file" test ! -e open/new
done
run FILCH_INFO=1 FILCH_SPAN=1
claim "it prints neither settings nor figures: $(cat err)" test ! -s err
run FILCH_POLICY=nonsense
run FILCH_POLICI=random
run HWLOC_PLUGINS_PATH="$PWD/open" HWLOC_PLUGINS_VERBOSE=1 HWLOC_COMPONENTS_VERBOSE=1
claim "hwloc looks for code in no folder of the caller: $(head -n 3 err)" test ! -s err

if [ -n "${WORKER_COMMAND-}" ]; then
    "${as_caller[@]}" env FILCH_SERVICE_WIDTH=7 ./worker --broker memory: --check-config >out 2>err
    claim "a service has its defaults: $(cat out err)" grep -q '^width .*(default)' out
fi

# Without privileges the same program has its variables.
cp program plain
FILCH_TRACE=plain.trace ./plain work >out 2>err
claim "a plain copy writes its trace" test -s plain.trace
finish
