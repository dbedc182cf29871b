#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: prometheus.sh DEPLOY
# Rules, alerts and scrape configurations of DEPLOY/prometheus, with a real Prometheus and a worker that ran.
. "$(dirname "$0")/check.bash"
