# SPDX-License-Identifier: MIT OR Apache-2.0
# How tests in C and their support are compiled.

# Tests that look at no inline path: of users' builds the library is what they test. To optimize them takes twice as long as
# to compile them, and undefined-behaviour sanitizer would find faults in the tests alone.
set(plain_folders "/(unit/(metrics|patterns|pool|resilience|service|share|sim|tools|trace)|service/brokers/.*)/")
set(plain_options "")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(plain_options -O0)
elseif(FILCH_SANITIZE MATCHES "undefined")
  set(plain_options -fno-sanitize=undefined)
endif()

# set_test_options(TARGET OPTIONS)
function(set_test_options target options)
  target_compile_options(${target} PRIVATE ${filch_unoptimized} ${options})
  target_compile_definitions(${target} PRIVATE _FILE_OFFSET_BITS=64) # as hiredis wants it: precompiled headers know one value
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/runtime)
  target_link_libraries(${target} PRIVATE filch_test_build filch_static ${test_framework} PkgConfig::URCU PkgConfig::HWLOC)
endfunction()

# compile_as_test(TARGET OPTIONS): with `options`, and with the headers of most tests, which are compiled once for all targets of the
# same options.
function(compile_as_test target options)
  set_test_options(${target} "${options}")
  string(MAKE_C_IDENTIFIER "test_headers${options}" headers)
  if(NOT TARGET ${headers})
    file(CONFIGURE OUTPUT ${headers}.c CONTENT "typedef int ${headers};\n")
    add_library(${headers} OBJECT EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/${headers}.c)
    set_test_options(${headers} "${options}")
    precompile(${headers} PRIVATE <tests/support/test.h> <tests/support/tasks.h> <pthread.h>)
  endif()
  precompile(${target} REUSE_FROM ${headers})
endfunction()
