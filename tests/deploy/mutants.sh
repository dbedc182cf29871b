#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: mutants.sh AREA
#
# Breaks copies of tools/deploy by the rows of mutants/AREA, and fails if a check lets one pass. A row is
#
#   FILE below tools/deploy | expression of sed -E | CHECK | text that the check prints | why the change is a fault
#
# CHECK.sh is the check, in this folder; its argument is the folder to check, and words after its name follow. No column contains a `|`. A row also fails if
# its expression changes nothing. A row that begins with `&` is applied to the same copy as the row above it. One run
# judges them, and has to print the texts of both. So one change must not hide another, and texts must tell them apart.
# Rows of a check that is skipped are skipped, and status 77 says that all were.
set -u
area=${1:?the name of a table in mutants/}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"
deploy=$here/../../tools/deploy
declare -A status_of # CHECK: its status for files that are right

# run_check CHECK: checks `copy`, which is left in `log`.
run_check() {
    local words
    read -ra words <<<"$1"
    bash "$here/${words[0]}.sh" "$PWD/copy" "${words[@]:1}" >log 2>&1 </dev/null
}

copy_files() {
    rm -rf copy
    cp -r "$deploy" copy
}

# spoil FILE EXPRESSION WHY: changes `copy`
spoil() {
    claim "$1: the file exists ($3)" test -f "copy/$1"
    cp "copy/$1" before
    sed -E -i "$2" "copy/$1"
    if cmp -s before "copy/$1"; then claim "$1: $2 changes nothing" false; fi
}

# column TEXT: without the blanks around it
column() {
    local text=$1
    text=${text#"${text%%[![:space:]]*}"}
    echo "${text%"${text##*[![:space:]]}"}"
}

# passes CHECK: it does for the files as they are; the others are skipped, or broken.
passes() {
    if [ -z "${status_of[$1]-}" ]; then
        copy_files
        status_of[$1]=0
        run_check "$1" || status_of[$1]=$?
        case ${status_of[$1]} in
        0) ;;
        77) cat log ;;
        *) claim "$1 passes for the files as they are: $(tail -n 20 log)" false ;;
        esac
    fi
    [ "${status_of[$1]}" = 0 ]
}

# judge ROW...: indices of rows that are applied to one copy
judge() {
    local row check=${checks[$1]} status=0
    if ! passes "$check"; then
        skipped=$((skipped + $#))
        return
    fi
    copy_files
    for row; do
        claim "${files[row]}: ${checks[row]} is the check of the rows above, $check" test "${checks[row]}" = "$check"
        spoil "${files[row]}" "${expressions[row]}" "${whys[row]}"
    done
    run_check "$check" || status=$?
    for row; do
        claim "${files[row]}: ${expressions[row]}: $check ends with $status (a mutant survives: ${whys[row]})" \
            test "$status" -ne 0 -a "$status" -ne 77
        claim "${files[row]}: ${expressions[row]}: $check prints '${texts[row]}': $(tail -n 20 log)" grep -qF -- "${texts[row]}" log
    done
    killed=$((killed + $#))
}

files=() expressions=() checks=() texts=() whys=()
killed=0 skipped=0 together=()
while IFS='|' read -r file expression check text why; do
    if [[ $file != '&'* ]]; then
        [ ${#together[@]} -eq 0 ] || judge "${together[@]}"
        together=()
    fi
    together+=(${#files[@]})
    files+=("$(column "${file#&}")") expressions+=("$(column "$expression")") checks+=("$(column "$check")")
    texts+=("$(column "$text")") whys+=("$(column "$why")")
done < <(grep -vE '^ *(#|$)' "$here/mutants/$area")
[ ${#together[@]} -eq 0 ] || judge "${together[@]}"
claim "the table $area has rows" test $((killed + skipped)) -gt 0
[ "$failures" -eq 0 ] || exit 1
echo "$killed mutants die, $skipped skipped"
[ "$killed" -gt 0 ] || exit 77
