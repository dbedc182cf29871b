#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: autoscale.sh DEPLOY [OVERLAY...]
# Workers and brokers that run, scaled by the rules of the HPA and of KEDA with the values of DEPLOY/kubernetes; of
# these overlays, or of all.
. "$(dirname "$0")/check.bash"
