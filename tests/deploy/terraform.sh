#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: terraform.sh DEPLOY
# The files of DEPLOY/terraform: syntax, references, arguments, and the worker's keys.
. "$(dirname "$0")/check.bash"
