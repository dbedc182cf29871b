# SPDX-License-Identifier: MIT OR Apache-2.0
if(KAFKA_FOUND)
  stand_in(kafka PkgConfig::KAFKA)
  target_sources(kafka_server INTERFACE ${CMAKE_CURRENT_LIST_DIR}/stand_in/kafka_threads.c)
endif()
