#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The parts of tools/test.sh: each test of this build is in one, and --since chooses a part by each of its files and by the commit.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"
command -v git >/dev/null || skip "git not found"
tree=$(cd "$here/../.." && pwd)

eval "$(sed -n "/^engine=/,/^library=/p; /^expand()/,/^}/p; /^list_tests()/,/^}/p" "$tree/tools/test.sh")"

# rows: name, selection of tests and places of each part
rows() {
    sed -n "/^parts='/,/^'/p" "$tree/tools/test.sh" | awk -F ' *[|] *' 'NF >= 7 { print $1 "|" $6 "|" $7 }'
}

# ---- Each test of a release build is in one part; the lints are run in the build of the models, corpora in those of fuzz and coverage ----

names() {
    list_tests "$FILCH_BUILD" "$@" | cut -d' ' -f2
}
names -LE lint,fuzz | sort >all
while IFS='|' read -r _ selection _; do
    read -ra words <<<"$selection"
    [ "${words[0]} ${words[1]}" != "tests release" ] || names "${words[@]:2}"
done < <(rows) | sort >chosen
claim "some tests are chosen" test -s chosen
claim "a test is in no part: $(comm -23 all <(uniq chosen) | head -n 5 | paste -sd' ')" cmp -s all <(uniq chosen)
claim "a test is in two parts: $(uniq -d chosen | head -n 5 | paste -sd' ')" test -z "$(uniq -d chosen)"

# ---- A repository whose commits change one file each ----

mkdir -p repo/tools repo/docs repo/aside
cp "$tree"/tools/{test,packages,ccache}.sh repo/tools
cd repo || exit 1
git() { command git -c user.name=A -c user.email=a@example.org -c init.defaultBranch=main "$@"; }
git init -q . && git add -A && git commit -qm first
chosen() { ./tools/test.sh --list --since "$1" "${@:2}" | cut -d' ' -f1 | sort; }
change() { mkdir -p "$(dirname "$1")" && echo "# $RANDOM" >>"$1" && git add -A && git commit -qm "$1"; }
turn() { echo $((16#$(git rev-parse HEAD | head -c 8) % 10)); }

claim "--list names all parts" test "$(./tools/test.sh --list | wc -l)" = "$(rows | wc -l)"
claim "after an unknown commit all parts are chosen" cmp -s <(chosen nowhere all) <(rows | cut -d'|' -f1 | sort)
claim "and without one" cmp -s <(chosen '' all) <(rows | cut -d'|' -f1 | sort)
claim "the default suite is always chosen" test "$(chosen HEAD default | wc -l)" = "$(./tools/test.sh --list default | wc -l)"
while IFS='|' read -r name _ places; do
    for place in $(expand "$places"); do echo "$place $name"; done
done < <(rows) >../places # each place of the table with a part that it can break
for place in "$tree"/runtime/*; do
    claim "no part names ${place##*/runtime/}: add it to \$engine in tools/test.sh" grep -q "^runtime/${place##*/runtime/} tools\$" ../places
done
while read -r place; do
    claim "$place is in the tree" test -e "$tree/$place"
    change "$place$([ "${place##*.}" != "$place" ] || echo /file.c)"
    chosen HEAD~1 rest >../due
    missed=$(sed -n "s|^$place ||p" ../places | sort | comm -23 - ../due | paste -sd' ')
    claim "a change of $place does not choose $missed" test -z "$missed"
done < <(cut -d' ' -f1 ../places | sort -u)

# ---- A change that breaks no part: of ten commits with ten digits each part has its turn at one ----

declare -A seen=()
: >../turns
for _ in {1..300}; do
    change aside/file
    [ -z "${seen[$(turn)]-}" ] || continue
    seen[$(turn)]=1
    chosen HEAD~1 rest >>../turns
    [ ${#seen[@]} -lt 10 ] || break
done
claim "ten commits reach every part" cmp -s <(sort ../turns) <(./tools/test.sh --list rest | cut -d' ' -f1 | sort)
[ "$failures" -eq 0 ]
