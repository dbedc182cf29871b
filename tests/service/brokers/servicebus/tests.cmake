# SPDX-License-Identifier: MIT OR Apache-2.0
set(line_of_servicebus "needs service_bus_server; long in asan")
