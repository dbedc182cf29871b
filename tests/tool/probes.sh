#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Each event that the engine records is a probe of the library, with three arguments; without
# sys/sdt.h there is none. gdb, which knows such probes, sees one fire with its arguments.
# FILCH_LIBRARY: libfilch.so; FILCH_SDT: is the header there?; FILCH_WAITING: tests/gdb/waiting.c, if it was built.
set -u
source=$(cd "$(dirname "$0")/../.." && pwd)
source "$source/tests/support/claims.bash"
command -v readelf >/dev/null || skip "readelf is not installed"
readelf -n "$FILCH_LIBRARY" >notes 2>/dev/null

probes() {
    grep -A 1 'Provider: filch$' notes | sed -n 's/^ *Name: //p' | sort -u
}
if [ -z "${FILCH_SDT-}" ]; then
    claim "a library without sys/sdt.h has no probe: $(probes)" test -z "$(probes)"
    exit $((failures > 0))
fi

# KIND and name of each.
events() {
    sed -n 's/^ *EVENT(\([A-Z_]*\), \([a-z_]*\),.*/\1 \2/p' "$source/runtime/trace/format.h"
}
checked=0
while read -r kind name; do
    grep -rqw "FL_TRACE_$kind" "$source/runtime" --include='*.[ch]' --exclude=format.h || continue
    claim "the event '$name' has a probe" grep -qx "$name" <(probes)
    claim "docs/observe.md names the probe '$name'" grep -q "\`$name\`" "$source/docs/observe.md"
    checked=$((checked + 1))
done < <(events)
claim "events were found" test "$checked" -ge 20
claim "each probe has three arguments" test "$(grep -A 3 'Provider: filch$' notes | grep -c '^ *Arguments: [^ ]* [^ ]* [^ ]*$')" \
    = "$(grep -c 'Provider: filch$' notes)"

if [ -n "${FILCH_WAITING-}" ] && command -v gdb >/dev/null; then
    said=$(LC_ALL=C gdb -nx -q -batch -iex 'set debuginfod enabled off' -ex 'break -probe-stap filch:wait' -ex run \
        -ex 'printf "waits in %s, worker %d, of %d\n", $_probe_arg1, $_probe_arg2, $_probe_argc' -ex kill "$FILCH_WAITING" 2>&1)
    claim "a probe fires with its arguments: $said" grep -qx 'waits in filch_sleep, worker 0, of 3' <<<"$said"
fi
exit $((failures > 0))
