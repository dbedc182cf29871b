# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 0 sqlite:jobs.db?sync=normal "$valid"
check 2 sqlite:jobs.db?sync=maybe "option of sqlite: sync=maybe (valid: full, normal)"
check 2 sqlite:jobs.db?synk=full "(nearest: sync"
