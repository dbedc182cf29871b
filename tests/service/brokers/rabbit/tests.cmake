# SPDX-License-Identifier: MIT OR Apache-2.0
# Each with a server of its own.
set(line_of_rabbit "long;needs rabbit;timeout 300")
