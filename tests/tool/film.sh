#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# The page and the strip of filch play: in a headless Chromium, wide and narrow, light, dark and on paper. FILCH_PICTURES keeps its
# pictures.
. "$(dirname "$0")/common.bash"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "chromium is not installed"
pictures=${FILCH_PICTURES:-$scratch/pictures}
mkdir -p "$pictures"
claim "the page of a film" python3 -B "$here/check_film.py" "$chromium" "$filch" "$pictures"
finish
