# SPDX-License-Identifier: MIT OR Apache-2.0
broker_tests(PkgConfig::NATS)
list(APPEND long_tests test_nats_broker test_fleet_nats test_backlog_nats test_clock_nats)
