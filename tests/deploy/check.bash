# SPDX-License-Identifier: MIT OR Apache-2.0
# For the checks that are programs in Python: NAME.sh sources this, and NAME.py checks the folder of its first argument. The
# second one is a scratch folder, removed at the end; further arguments follow.
here=$(cd "$(dirname "$0")" && pwd)
deploy=$(cd "${1:?the folder to check}" && pwd)
. "$here/../support/claims.bash"
command -v python3 >/dev/null || skip "python3 not found"
PYTHONDONTWRITEBYTECODE=1 python3 "$here/$(basename "$0" .sh).py" "$deploy" "$scratch" "${@:2}"
