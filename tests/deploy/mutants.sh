#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: mutants.sh AREA
#
# Breaks copies of tools/deploy by the rows of mutants/AREA, and fails if a check lets one pass. A row is
#
#   FILE below tools/deploy | expression of sed -E | CHECK | text that the check prints | why the change is a fault
#
# CHECK.sh is the check, in this folder; its argument is the folder to check. No column contains a `|`. A row also fails if
# its expression changes nothing. Rows of a check that is skipped are skipped, and status 77 says that all were.
set -u
area=${1:?the name of a table in mutants/}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"
deploy=$here/../../tools/deploy
declare -A status_of # CHECK: its status for files that are right

# run_check CHECK: checks `copy`, which is left in `log`.
run_check() {
    bash "$here/$1.sh" "$PWD/copy" >log 2>&1 </dev/null
}

copy_files() {
    rm -rf copy
    cp -r "$deploy" copy
}

# try FILE EXPRESSION CHECK TEXT WHY
try() {
    local status=0
    copy_files
    claim "$1: the file exists ($5)" test -f "copy/$1"
    sed -E -i "$2" "copy/$1"
    if cmp -s "$deploy/$1" "copy/$1"; then
        claim "$1: $2 changes nothing" false
        return
    fi
    run_check "$3" || status=$?
    claim "$1: $2: $3 ends with $status (a mutant survives: $5)" test "$status" -ne 0 -a "$status" -ne 77
    claim "$1: $2: $3 prints '$4': $(tail -n 20 log)" grep -qF -- "$4" log
}

# column TEXT: without the blanks around it
column() {
    local text=$1
    text=${text#"${text%%[![:space:]]*}"}
    echo "${text%"${text##*[![:space:]]}"}"
}

killed=0 skipped=0
while IFS='|' read -r file expression check text why; do
    file=$(column "$file") check=$(column "$check")
    if [ -z "${status_of[$check]-}" ]; then
        copy_files
        status_of[$check]=0
        run_check "$check" || status_of[$check]=$?
        case ${status_of[$check]} in
        0) ;;
        77) cat log ;;
        *) claim "$check passes for the files as they are: $(tail -n 20 log)" false ;;
        esac
    fi
    if [ "${status_of[$check]}" != 0 ]; then
        skipped=$((skipped + 1))
        continue
    fi
    try "$file" "$(column "$expression")" "$check" "$(column "$text")" "$(column "$why")"
    killed=$((killed + 1))
done < <(grep -vE '^ *(#|$)' "$here/mutants/$area")
claim "the table $area has rows" test $((killed + skipped)) -gt 0
[ "$failures" -eq 0 ] || exit 1
echo "$killed mutants die, $skipped skipped"
[ "$killed" -gt 0 ] || exit 77
