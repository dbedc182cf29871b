# SPDX-License-Identifier: MIT OR Apache-2.0
broker_tests(service_bus_server)
list(APPEND long_tests test_servicebus_broker test_fleet_servicebus)
