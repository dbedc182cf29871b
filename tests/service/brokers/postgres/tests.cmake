# SPDX-License-Identifier: MIT OR Apache-2.0
broker_tests(PkgConfig::POSTGRES)
list(APPEND long_tests test_backlog_postgres)
if(is_of_default_suite) # others run them always
  list(APPEND long_tests test_fleet_postgres test_postgres_faults)
endif()
