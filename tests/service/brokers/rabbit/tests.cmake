# SPDX-License-Identifier: MIT OR Apache-2.0
# Each with a server of its own, which takes a core to start.
set(line_of_rabbit "long;needs rabbit;resource_lock rabbit;timeout 300")
