# SPDX-License-Identifier: MIT OR Apache-2.0
set(line_of_kafka "needs kafka_server; long in asan")
