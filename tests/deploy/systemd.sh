#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: systemd.sh DEPLOY
# The units of DEPLOY/systemd, with systemd-analyze, and a worker under their filters of system calls.
. "$(dirname "$0")/check.bash"
