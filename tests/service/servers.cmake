# SPDX-License-Identifier: MIT OR Apache-2.0
# Stand-ins of brokers: programs for tests, and for bars, which are also built without tests. A file brokers/NAME/server.cmake says
# what one needs.
include_guard(GLOBAL)

# stand_in(NAME LIBRARY...): the program stand_in_NAME, of the sources in the folder stand_in beside the caller, and NAME_server, with the
# needs of a program that starts it.
function(stand_in name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/stand_in/${name}*.c)
  add_executable(stand_in_${name} EXCLUDE_FROM_ALL ${sources})
  target_include_directories(stand_in_${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(stand_in_${name} PRIVATE filch_test_build ${ARGN})
  add_library(${name}_server INTERFACE)
  add_dependencies(${name}_server stand_in_${name})
  string(TOUPPER STAND_IN_${name} macro)
  target_compile_definitions(${name}_server INTERFACE ${macro}="$<TARGET_FILE:stand_in_${name}>")
  target_link_libraries(${name}_server INTERFACE filch_service_static ${ARGN})
endfunction()

if(MICROHTTPD_FOUND)
  add_library(stand_in_http STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/http_server.c
              ${PROJECT_SOURCE_DIR}/tests/support/system/port.c)
  target_include_directories(stand_in_http PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(stand_in_http PRIVATE filch_test_build PUBLIC PkgConfig::MICROHTTPD)
endif()
file(GLOB server_files CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/brokers/*/server.cmake)
foreach(file ${server_files})
  include(${file})
endforeach()
