#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: grafana.sh DEPLOY
# Each query of the dashboard in DEPLOY/grafana, with a real Prometheus that scrapes a worker that ran.
. "$(dirname "$0")/check.bash"
