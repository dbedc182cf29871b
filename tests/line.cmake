# SPDX-License-Identifier: MIT OR Apache-2.0
# The test line of a program, a script or a page: a comment near its SPDX line that says all that its registration needs.
#   /* test: long; needs jansson; wraps clock_gettime malloc */
# A phrase that ends with `in BUILD...` holds in those builds alone; a reason may follow in parentheses.
#   long         it takes many seconds and rarely finds a fault that the others miss; tools/test.sh runs it by `all`
#   first        it begins early, as all with `long` do, so that none runs alone at the end
#   absent       it is not built
#   memcheck     preset valgrind runs it, which interprets one thread at a time: not every test is worth the wait
#   jobs         so many of its tests run at once, since they mostly wait
#   alone        it is not linked into the program of its folder; wraps and link imply that
#   needs        libraries, as packages of pkg-config or targets; without one the test is left out
#   wraps        functions that it replaces (--wrap)
#   compile, link     options
#   label, variables  another label; variables of its environment
#   timeout      its limit in seconds
#   processors, run_serial   ctest's properties
set(test_properties processors run_serial)
set(test_phrases long first absent memcheck alone needs wraps compile link label variables jobs timeout ${test_properties})

# Builds that a line may name. (`default`: presets asan and release, which run the default suite.)
set(named_builds asan tsan default release unoptimized tiny emulated)
set(test_builds "")
if(FILCH_SANITIZE MATCHES "thread")
  list(APPEND test_builds tsan)
elseif(FILCH_SANITIZE)
  list(APPEND test_builds asan)
endif()
if(FILCH_SANITIZE MATCHES "address" OR NOT FILCH_CRITERION)
  list(APPEND test_builds default)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND test_builds release)
endif()
if(filch_unoptimized)
  list(APPEND test_builds unoptimized)
endif()
if(FILCH_TINY)
  list(APPEND test_builds tiny)
endif()
if(CMAKE_CROSSCOMPILING)
  list(APPEND test_builds emulated)
endif()

# read_test_line(FILE [LINE]): sets test_PHRASE for each phrase of the file's line, and of LINE, which its folder gives to all.
macro(read_test_line file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  foreach(phrase ${test_phrases})
    set(test_${phrase} "")
  endforeach()
  file(READ ${file} test_line LIMIT 1000)
  if(test_line MATCHES "^[^\n]*\n(# SPDX[^\n]*\n)?(/\\*| \\*|#|<!--) test: ([^\n]*)")
    string(REGEX REPLACE " *(\\*/|-->)$" "" test_line "${CMAKE_MATCH_3}")
  else()
    set(test_line "")
  endif()
  string(REGEX REPLACE " *\\([^)]*\\)" "" test_line "${ARGN};${test_line}")
  string(REGEX REPLACE " *; *" ";" test_line "${test_line}")
  foreach(phrase ${test_line})
    string(REGEX REPLACE "^(.*) in (.*)$" "\\1;\\2" phrase "${phrase}")
    list(APPEND phrase "")
    list(GET phrase 0 values)
    list(GET phrase 1 builds)
    separate_arguments(values)
    separate_arguments(builds)
    list(POP_FRONT values word)
    check_test_words(${file} "${test_phrases}" ${word})
    check_test_words(${file} "${named_builds}" ${builds})
    if(NOT values)
      set(values ${word})
    endif()
    set(others ${builds})
    list(REMOVE_ITEM others ${test_builds} "")
    if(NOT builds OR NOT others STREQUAL builds)
      list(APPEND test_${word} ${values})
    endif()
  endforeach()
endmacro()

function(check_test_words file known)
  foreach(word ${ARGN})
    if(NOT word IN_LIST known)
      list(JOIN known ", " known)
      get_filename_component(name ${file} NAME)
      message(FATAL_ERROR "${name}: unknown word in its test line: ${word} (${known})")
    endif()
  endforeach()
endfunction()

# Any test: a command, its labels, and no more than two minutes.
function(filch_test name label)
  set(labels ${label})
  list(REMOVE_ITEM labels first)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT 120 SKIP_RETURN_CODE 77
                       ENVIRONMENT "${test_environment}")
  if(labels STREQUAL "stress")
    set_tests_properties(${name} PROPERTIES PROCESSORS 2)
  endif()
  if(label MATCHES "long|first")
    set_tests_properties(${name} PROPERTIES COST 10)
  endif()
endfunction()

# filch_limit(SECONDS NAME...): tests that may take longer begin earlier.
function(filch_limit seconds)
  set_tests_properties(${ARGN} PROPERTIES TIMEOUT ${seconds} COST ${seconds})
endfunction()

# filch_line_test(NAME LABEL COMMAND...): one with what the last test line says.
function(filch_line_test name label)
  filch_test(${name} "${label};${test_long};${test_first};${test_label}" ${ARGN})
  foreach(property ${test_properties})
    if(test_${property})
      string(TOUPPER ${property} upper)
      set_tests_properties(${name} PROPERTIES ${upper} ${test_${property}})
    endif()
  endforeach()
  if(test_timeout)
    filch_limit(${test_timeout} ${name})
  endif()
  set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT ${test_variables})
endfunction()

# filch_script_test(NAME LABEL FILE COMMAND...): one whose test line is in FILE.
function(filch_script_test name label file)
  read_test_line(${file})
  filch_line_test(${name} ${label} ${ARGN})
endfunction()
