# SPDX-License-Identifier: MIT OR Apache-2.0
if(REDIS_FOUND)
  add_library(server_clock MODULE ${CMAKE_CURRENT_LIST_DIR}/server_clock.c) # preloaded, so without sanitizers
  target_include_directories(server_clock PRIVATE ${PROJECT_SOURCE_DIR}/include)
  add_library(redis_server INTERFACE)
  add_dependencies(redis_server server_clock)
  target_compile_definitions(redis_server INTERFACE SERVER_CLOCK="$<TARGET_FILE:server_clock>"
                             $<$<BOOL:${SSL_FOUND}>:FILCH_HAVE_SSL>)
  target_link_libraries(redis_server INTERFACE filch_service_static PkgConfig::REDIS)
endif()
set(line_of_redis "needs redis_server")
