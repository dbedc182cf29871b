#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks what the chapters of the guide show, without running anything (text.awk).
# usage: text.sh SOURCE
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$1/docs/guide"
export LC_ALL=C
shopt -s nullglob
names=$(basename -s .c -a ../examples/guide/*.c exercises/[0-9]* | tr '\n' ' ')
awk -v programs=../examples/guide -v names=" $names" -f "$here/text.awk" [0-9]*.md README.md
