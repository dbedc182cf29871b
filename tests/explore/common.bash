# SPDX-License-Identifier: MIT OR Apache-2.0
# Shared by the tests of filch explore. EXPLORED: the folder of the built programs.
. "$(dirname "${BASH_SOURCE[0]}")/../tool/common.bash"
programs=${EXPLORED:?the folder of the programs}

# explored STATUS PROGRAM OPTION...: searches it; leaves the report in out, as JSON.
explored() {
    local status=$1 program=$2
    shift 2
    run_filch "$status" explore --json "$@" "$programs/$program"
}

# said EXPRESSION: must hold of the report, which is `r` in Python.
said() {
    claim "the report says: $1: $(cat out)" python3 -c "import json; r = json.load(open('out')); f = r['failure']; assert $1"
}
