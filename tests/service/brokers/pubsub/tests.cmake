# SPDX-License-Identifier: MIT OR Apache-2.0
broker_tests(pubsub_server)
list(APPEND long_tests test_fleet_pubsub)
