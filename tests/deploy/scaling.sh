#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: scaling.sh DEPLOY
# The rules of the HPA and of KEDA by hand-computed cases, and what they make of the overlays of DEPLOY/kubernetes.
. "$(dirname "$0")/check.bash"
