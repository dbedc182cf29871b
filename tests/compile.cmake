# SPDX-License-Identifier: MIT OR Apache-2.0
# How tests in C and their support are compiled.

# Tests that look at no inline path: of users' builds the library is what they test. To optimize them takes twice as long as
# to compile them, and undefined-behaviour sanitizer would find faults in the tests alone.
set(plain_folders "/(unit/(metrics|patterns|pool|resilience|service|share|sim|tools|trace)|service/brokers/.*)/")
add_library(plain_tests INTERFACE)
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR FILCH_TINY)
  target_compile_options(plain_tests INTERFACE -O0)
elseif(FILCH_SANITIZE MATCHES "undefined")
  target_compile_options(plain_tests INTERFACE -fno-sanitize=undefined)
endif()

# set_test_options(TARGET [LIBRARY]): `plain_tests` for tests of plain_folders.
function(set_test_options target)
  target_compile_options(${target} PRIVATE ${filch_unoptimized} $<$<BOOL:${FILCH_TINY}>:-g1>) # gdb is used in preset debug
  target_compile_definitions(${target} PRIVATE _FILE_OFFSET_BITS=64) # as hiredis wants it: precompiled headers know one value
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/runtime)
  target_link_libraries(${target} PRIVATE filch_test_build ${ARGN} filch_static ${test_framework} PkgConfig::URCU PkgConfig::HWLOC)
endfunction()

# compile_as_test(TARGET [LIBRARY]): with these options, and with the headers of most tests, which are compiled once for all targets of the
# same options.
function(compile_as_test target)
  set_test_options(${target} ${ARGN})
  set(headers test_headers${ARGN})
  if(NOT TARGET ${headers})
    file(CONFIGURE OUTPUT ${headers}.c CONTENT "typedef int ${headers};\n")
    add_library(${headers} OBJECT EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/${headers}.c)
    set_test_options(${headers} ${ARGN})
    precompile(${headers} PRIVATE <tests/support/test.h> <pthread.h>)
  endif()
  precompile(${target} REUSE_FROM ${headers})
endfunction()
