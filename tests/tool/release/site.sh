#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long; timeout 600
# The site in a headless Chromium: links, widths, contrasts, scripts, search, paper. FILCH_PICTURES keeps its pictures. A site with
# faults is refused for each of them.
. "$(dirname "$0")/../common.bash"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "chromium is not installed"
for program in doxygen cmark-gfm mandoc; do
    command -v "$program" >/dev/null || skip "$program is not installed"
done
tree=$(cd "$here/../.." && pwd) pictures=${FILCH_PICTURES:-$scratch/pictures}
mkdir -p "$pictures"
claim "the manual is made" python3 -B "$tree/tools/manual/main.py" "$tree" "$(dirname "$(dirname "$filch")")" manual
claim "the site is made" python3 -B "$tree/tools/manual/site.py" "$tree" manual site
claim "the site, by check_site.py" python3 -B "$here/check_site.py" "$chromium" site "$pictures"

mkdir bad
cp site/style.css site/search.js bad/
cat >bad/index.html <<'END'
<!DOCTYPE html><html><head><title>Bad</title><link rel="stylesheet" href="style.css"></head><body>
<h1>One</h1><h1>Two</h1><p style="color: #aaa">pale</p><pre style="width: 2000px; overflow: visible">wide</pre>
<a href="gone.html">gone</a> <a href="#nowhere">nowhere</a><script>missing()</script></body></html>
END
claim "a bad site is refused" eval '! python3 -B "$here/check_site.py" "$chromium" bad "$pictures" index.html >faults'
for fault in 'no page gone.html' 'no anchor #nowhere' 'pixels wide in a window of 1400' 'pixels wide in a window of 360' 'has a heading' "of 'pale'" \
    'missing is not defined'; do
    claim "the fault is named: $fault" grep -q -- "$fault" faults
done
finish
