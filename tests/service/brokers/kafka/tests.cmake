# SPDX-License-Identifier: MIT OR Apache-2.0
broker_tests(kafka_server)
list(APPEND long_tests test_kafka_broker test_kafka_rebalance test_fleet_kafka)
foreach(test kafka_broker kafka_rebalance fleet_kafka) # they wait for their groups, three seconds each time with the stand-in
  list(APPEND properties_test_${test} TIMEOUT 600)
endforeach()
if(is_of_default_suite)
  list(APPEND long_tests test_kafka_endings)
endif()
