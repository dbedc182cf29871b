# SPDX-License-Identifier: MIT OR Apache-2.0
broker_tests(filch_service_static)
