# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 2 pubsub://project?credential=none "(nearest: credentials"
