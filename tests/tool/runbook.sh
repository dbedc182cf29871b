#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Each command in a sentence or table of docs/service/deploy.md is a whole command line, which works as it stands.
. "$(dirname "$0")/common.bash"
[ -n "${FILCH_JOBS-}" ] || skip "filch-jobs is not built"
unset "${!FILCH_SERVICE_@}" RABBITMQ_URL QUEUE_NAME WORKER_COUNT SHUTDOWN_TIMEOUT_SEC HEALTH_PORT
export FILCH_SERVICE_BROKER="sqlite:runbook.db?sync=normal"
"${WORKER_COMMAND:?the path of filch-worker}" --brokers | grep -q '^sqlite:' || skip "built without sqlite"
for name in filch-jobs filch-worker; do
    printf '#!/bin/sh\nexec %q "$@"\n' "$([ $name = filch-jobs ] && echo "$FILCH_JOBS" || echo "$WORKER_COMMAND")" >$name
    chmod +x $name
done
PATH=$PWD:$PATH
filch-jobs enqueue --type fail "upstream away" >/dev/null
filch-worker --once --log-level off

# Words in capitals stand for something of the reader's.
sed '/^```/,/^```/d' "$here/../../docs/service/deploy.md" | grep -oE '`filch-(jobs|worker) [^`]*`' | tr -d '`' | sort -u |
    sed "s/QUEUE/tasks/g; s/NAME/fail/g; s/URL/sqlite:runbook.db/g" >commands
claim "the runbook has commands: $(cat commands)" test "$(wc -l <commands)" -ge 9
while read -r command; do
    status=0
    bash -c "$command" </dev/null >out 2>&1 || status=$?
    claim "'$command' ends with 0, not $status: $(head -c 400 out)" test "$status" -eq 0
done <commands
finish
