#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: check.sh NAME DEPLOY
# Checks the folder DEPLOY, tools/deploy or a copy, by NAME.sh or by NAME.py, whose second argument is a scratch folder.
here=$(cd "$(dirname "$0")" && pwd)
deploy=$(cd "${2:?the folder to check}" && pwd)
[ ! -f "$here/$1.sh" ] || exec bash "$here/$1.sh" "$deploy"
. "$here/../support/claims.bash"
command -v python3 >/dev/null || skip "python3 not found"
PYTHONDONTWRITEBYTECODE=1 python3 "$here/$1.py" "$deploy" "$scratch"
