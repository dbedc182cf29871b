#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tools/genmc.sh without GenMC, and with a fake one; its programs compile, and one run of each ends well.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"
root=$(cd "$here/../.." && pwd)
written=$root/build/genmc

# genmc STATUS ARGUMENT...: runs the script, which has to end with this status.
genmc() {
    local wanted=$1 status=0
    shift
    "$root/tools/genmc.sh" "$@" >out 2>err || status=$?
    claim "genmc.sh $* ends with $wanted, not $status: $(cat out err)" test $status -eq "$wanted"
}

GENMC=$scratch/absent genmc 2 nap
claim "without GenMC the message names it: $(cat err)" grep -q "$scratch/absent not found; install GenMC .* or set GENMC" err
claim "and says where the programs are" grep -q 'programs are in build/genmc' err
genmc 2 nothing
claim "an unknown program is refused: $(cat err)" grep -q 'unknown program nothing (valid: .*nap.*)' err
genmc 2 --quick
claim "an unknown option is refused: $(cat err)" grep -q 'unknown option --quick (valid: --write, --help)' err

# GenMC 0.10.3 crashes on functions with a struct among their parameters, which clang packs into numbers.
cat >by_value.py <<'END'
import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()
structs = set(re.findall(r"typedef struct \w+ {[^}]*} (\w+);", text)) | {"struct \\w+"}
found = re.findall(rf"[(,]\s*(?:const )?(?:{'|'.join(structs)}) \w+\s*(?=[,)])", text)
sys.exit(f"{found}" if found else 0)
END
genmc 0 --write
for program in "$root"/tests/genmc/*.c; do
    name=$(basename "$program" .c)
    claim "$name is written" grep -q "^written to build/genmc:.* $name" out
    claim "$name needs no other file of the project" bash -c "! grep -E '#include <(filch|sched)/' '$written/$name.c'"
    claim "$name passes no struct by value" python3 by_value.py "$written/$name.c"
    claim "$name compiles" cc -std=gnu11 -Wall -Wextra -Werror -Wno-unused-function -O1 -pthread "$written/$name.c" -o "$name"
    claim "$name ends well" "./$name"
done

printf '#!/bin/sh\necho "$*" >>%s/calls\n[ "${4##*/}" != abp.c ] || exit 1\necho "Number of complete executions explored: 7"\n' \
    "$scratch" >fake
chmod +x fake
GENMC=$scratch/fake genmc 0 nap
claim "the verdict is shown: $(cat out)" grep -qx 'nap: Number of complete executions explored: 7' out
claim "GenMC gets the written program: $(cat calls)" grep -qx -- '--rc11 -- -D_GNU_SOURCE build/genmc/nap.c' calls
GENMC=$scratch/fake genmc 1
claim "a program that fails is named: $(cat out)" grep -q '^abp: FAILS (log: build/genmc/abp.log)' out
claim "the others are judged all the same" grep -q '^wake: ' out
exit $((failures > 0))
