# SPDX-License-Identifier: MIT OR Apache-2.0
if(MICROHTTPD_FOUND AND JANSSON_FOUND AND SSL_FOUND AND CURL_FOUND)
  stand_in(pubsub stand_in_http PkgConfig::CURL PkgConfig::JANSSON PkgConfig::SSL)
endif()
