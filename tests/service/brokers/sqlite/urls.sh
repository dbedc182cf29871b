# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 0 sqlite:jobs.db?sync=normal "$valid"
check 2 sqlite:jobs.db?sync=maybe "option of sqlite: sync=maybe (valid: full, normal)"
check 2 sqlite:jobs.db?synk=full "(nearest: sync"
check 0 sqlite:///var/lib/jobs.db "$valid"
check 2 sqlite://jobs.db "write sqlite:jobs.db for a file of the current folder, or sqlite:/jobs.db"
check 2 'sqlite:~/jobs.db' '~/jobs.db (write $HOME for a home'
check 0 'sqlite:./~/jobs.db' "$valid"
