# SPDX-License-Identifier: MIT OR Apache-2.0
broker_tests(PkgConfig::SQLITE)
list(APPEND long_tests test_backlog_sqlite)
