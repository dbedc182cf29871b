#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# The page of a service's HTTP endpoints: in a headless Chromium, wide and narrow, light and dark. FILCH_PICTURES keeps its pictures.
. "$(dirname "$0")/common.bash"
server=${FILCH_SERVICE_PAGE:-}
[ -n "$server" ] || skip "libmicrohttpd or jansson is not installed"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "chromium is not installed"
pictures=${FILCH_PICTURES:-$scratch/pictures}
mkdir -p "$pictures"
claim "the page of a service" python3 -B "$here/check_service_page.py" "$chromium" "$server" "$pictures"
finish
