# SPDX-License-Identifier: MIT OR Apache-2.0
if(TARGET sqs_server)
  target_compile_definitions(sqs_server INTERFACE STAND_INS="${CMAKE_CURRENT_LIST_DIR}/stand_in"
                             FAUXQS="${PROJECT_SOURCE_DIR}/build/tools/node_modules/fauxqs")
endif()
set(line_of_sqs "needs sqs_server; long in asan")
