# SPDX-License-Identifier: MIT OR Apache-2.0
if(MICROHTTPD_FOUND AND CURL_FOUND AND JANSSON_FOUND AND CRYPTO_FOUND)
  add_library(stand_in_sigv4 STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/stand_in/sigv4.c)
  target_include_directories(stand_in_sigv4 PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(stand_in_sigv4 PRIVATE filch_test_build PUBLIC PkgConfig::CRYPTO)
  stand_in(sqs stand_in_http stand_in_sigv4 PkgConfig::CURL PkgConfig::JANSSON)
endif()
