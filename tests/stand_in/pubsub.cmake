# SPDX-License-Identifier: MIT OR Apache-2.0
# The stand-in of Pub/Sub, for tests and for bars, which are also built without tests: target stand_in_pubsub.
if(MICROHTTPD_FOUND AND JANSSON_FOUND AND SSL_FOUND AND CURL_FOUND AND NOT TARGET stand_in_pubsub)
  set(stand_in_pubsub_sources http_server.c pubsub.c pubsub_store.c pubsub_tokens.c)
  list(TRANSFORM stand_in_pubsub_sources PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
  add_executable(stand_in_pubsub ${stand_in_pubsub_sources})
  target_include_directories(stand_in_pubsub PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(stand_in_pubsub PRIVATE filch_build PkgConfig::MICROHTTPD PkgConfig::JANSSON PkgConfig::SSL)
endif()
