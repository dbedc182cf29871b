#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Spelling, by codespell. spelled-right.txt lists the words that it takes for errors. Status 77: codespell is missing.
cd "$(dirname "$0")/../.." || exit 1
command -v codespell >/dev/null || {
    echo "codespell is not installed: spelling is not checked (as root: apt-get install codespell)"
    exit 77
}
codespell --ignore-words tests/lint/spelled-right.txt --skip '*/corpus/*,build' \
    --ignore-regex '\.\w+' \
    README.md CHANGELOG.md CONTRIBUTING.md CMakeLists.txt docs include runtime sched tools bench tests
