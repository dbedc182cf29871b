#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The installed pages are whole: each file that a page links or names is installed with them, at the place that the page names.
# Each page has a link, and is linked.
# The units of systemd start the installed filch-worker.
. "$(dirname "$0")/common.sh"
pages=$(realpath "$prefix/share/doc/filch")
failed=0

# must_exist PAGE NAME PATH
must_exist() {
    [ -e "$3" ] || { echo "${1#"$pages"/}: $2 is not installed" && failed=$((failed + 1)); }
}

declare -A leaves arrives # pages with a link; files that a page links
while IFS=: read -r page target; do
    must_exist "$page" "$target" "$(dirname "$page")/$target"
    leaves[$page]=1 arrives[$(realpath -m "$(dirname "$page")/$target")]=1
done < <(grep -roE '\]\([^)#: ]*[./][^)#: ]*[)#]' --include='*.md' "$pages" | sed -E 's/:\]\(/:/; s/[)#]$//')
while read -r page; do
    [ "${leaves[$page]-}" ] || { echo "${page#"$pages"/} has no link" && failed=$((failed + 1)); }
    [ "${arrives[$page]-}" ] || { echo "no page links ${page#"$pages"/}" && failed=$((failed + 1)); }
done < <(find "$pages" -name '*.md' | grep . || echo "$pages/README.md")
while IFS=: read -r page path; do
    must_exist "$page" "$path" "$pages/$path"
done < <(grep -roE --include='*.md' '\b(docs/examples|docs/guide|tools/deploy)(/[a-z0-9_.@-]+)+' "$pages")

# Places below the default prefix; those with capitals are the reader's to choose. Of the table in install.md, all rows.
count=0
while IFS=: read -r page path; do
    count=$((count + 1))
    must_exist "$page" "/usr/local/$path" "$prefix/${path%.}"
done < <(grep -roE --include='*.md' '/usr/local/(bin|lib|include|share)(/[a-z0-9_.-]+)+' "$pages" | sed 's#:/usr/local/#:#' &&
    sed -nE 's/^\| `((bin|lib|include|share)(\/[a-z0-9_./-]*)?)` \|.*/:\1/p' "$FILCH_SOURCE/docs/install.md")
[ $count -gt 15 ] || { echo "found only $count places"; failed=1; }
[ $failed = 0 ] || exit 1
[ -x "$prefix/bin/filch-worker" ] || { echo "this build has no filch-worker"; exit 77; }

# The unit names the program of the prefix that it was installed for.
[ "$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$prefix"/lib/systemd/system/filch-worker*.service | sort -u)" = "$scratch/first/bin/filch-worker" ] ||
    { echo "units start another program:" && grep ExecStart "$prefix"/lib/systemd/system/*; exit 1; }

