# SPDX-License-Identifier: MIT OR Apache-2.0
if(TARGET sqs_server)
  target_compile_definitions(sqs_server INTERFACE STAND_INS="${CMAKE_CURRENT_LIST_DIR}/stand_in"
                             FAUXQS="${PROJECT_SOURCE_DIR}/build/tools/node_modules/fauxqs")
endif()
broker_tests(sqs_server)
list(APPEND options_test_sqs_keys -Wl,--wrap=time)
list(APPEND long_tests test_fleet_sqs test_sqs_fauxqs)
