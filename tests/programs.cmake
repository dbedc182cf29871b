# SPDX-License-Identifier: MIT OR Apache-2.0
# The tests in C: unit/FOLDER/test_*.c, stress/test_*.c, fault/test_*.c, service/brokers/NAME/test_*.c. Each file is one test of ctest
# and one target of its name. The files of a folder are one program, tests_LABEL_FOLDER, which runs those of one by --file NAME; a file
# that wraps functions, links specially or defines symbols for others is a program by itself. programs.txt lists both: test, program, label.

# Calls that a test can refuse (support/refuse).
add_library(refusals INTERFACE)
foreach(call malloc calloc realloc aligned_alloc posix_memalign strdup free getline __getdelim __sched_cpualloc __sched_cpufree mmap munmap madvise mprotect
        pthread_create pthread_mutex_init pthread_attr_init pthread_attr_destroy pthread_attr_setaffinity_np pthread_atfork
        pthread_key_create pthread_setspecific fopen hwloc_topology_init hwloc_topology_set_type_filter
        hwloc_topology_set_io_types_filter hwloc_topology_set_icache_types_filter hwloc_topology_set_flags
        hwloc_topology_load hwloc_distances_get_by_type hwloc_bitmap_alloc hwloc_bitmap_set)
  target_link_libraries(refusals INTERFACE -Wl,--wrap=${call})
endforeach()

# test_libraries(NAME): the libraries of the test's line in `libraries`; test_absent where one is not built.
macro(test_libraries name)
  set(libraries "")
  foreach(need ${test_needs})
    string(TOUPPER PkgConfig::${need} package)
    string(REPLACE PKGCONFIG PkgConfig package ${package})
    if(TARGET ${package})
      list(APPEND libraries ${package})
    elseif(TARGET ${need})
      list(APPEND libraries ${need})
    elseif(NOT test_absent)
      message(STATUS "${need} is not built: ${name} is left out")
      set(test_absent absent)
    endif()
  endforeach()
endmacro()

# program_of_test(NAME LABEL FILE): the program's name in `program`. Long tests, and tests with another label, have programs of their own, so
# that a target compiles no test that it does not name.
macro(program_of_test name label file)
  set(program ${name})
  if(NOT test_alone AND NOT test_wraps AND NOT test_link)
    get_filename_component(folder ${file} DIRECTORY)
    get_filename_component(folder ${folder} NAME)
    set(parts ${label} ${folder} ${test_long} ${test_label})
    if("refusals" IN_LIST test_needs)
      list(APPEND parts refusals)
    endif()
    list(REMOVE_DUPLICATES parts)
    list(JOIN parts "_" program)
    set(program tests_${program})
  endif()
endmacro()

# add_test_file(FILE NAME): adds the file to `program`, and the target NAME.
function(add_test_file file name)
  if(TARGET ${program})
    target_sources(${program} PRIVATE ${file})
  else()
    add_executable(${program} ${file})
    set(plain "")
    if(file MATCHES "${plain_folders}")
      set(plain plain_tests)
    endif()
    compile_as_test(${program} ${plain})
    if(FILCH_SANITIZE MATCHES "address" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
      target_link_options(${program} PRIVATE -no-pie) # a test is a child, which would copy 3 MB of relocated data: 8 % of its time
    endif()
    target_link_libraries(${program} PRIVATE test_support Threads::Threads)
  endif()
  file(READ ${file} head LIMIT 2000)
  string(REGEX MATCH "\n#(define|include) " first "${head}")
  if(test_compile OR first MATCHES "define") # other macros than those of the precompiled headers
    set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "${test_compile}" SKIP_PRECOMPILE_HEADERS ON)
  endif()
  list(TRANSFORM test_wraps PREPEND -Wl,--wrap=)
  target_link_libraries(${program} PRIVATE ${test_wraps} ${test_link} ${libraries})
  if(NOT program STREQUAL name)
    add_custom_target(${name} DEPENDS ${program})
  endif()
endfunction()

# Tests of one broker, by their names.
foreach(label unit stress fault)
  file(GLOB broker_files_${label} CONFIGURE_DEPENDS service/brokers/*/test_*.c)
endforeach()
list(FILTER broker_files_unit EXCLUDE REGEX "/test_(backlog|clock|fleet|periodic|full|lost)_")
list(FILTER broker_files_stress INCLUDE REGEX "/test_(backlog|clock|fleet|periodic)_")
list(FILTER broker_files_fault INCLUDE REGEX "/test_(full|lost)_")

# Targets `unit`, `stress` and `fault` build the tests of that label alone, and `long` those that are left out there; a label of test
# lines is a target, too.
add_custom_target(long)
set(program_lines "")
foreach(label unit stress fault)
  add_custom_target(${label})
  file(GLOB files CONFIGURE_DEPENDS ${label}/test_*.c ${label}/*/test_*.c)
  list(FILTER files EXCLUDE REGEX "/unload/") # has a build of its own
  list(APPEND files ${broker_files_${label}})
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    set(folder_line "")
    if(file MATCHES "/service/(brokers/([a-z]+)/)?")
      set(folder_line "needs filch_service_static;${line_of_${CMAKE_MATCH_2}}")
      if(label STREQUAL "stress") # fleets of workers, which mostly wait
        list(APPEND folder_line "long in default")
      endif()
    endif()
    read_test_line(${file} "${folder_line}")
    if(FILCH_MEMCHECK AND NOT test_memcheck)
      set(test_absent absent)
    endif()
    if(cross_without_processor AND name MATCHES cross_without_processor) # tests/cross
      set(test_absent absent)
    endif()
    if(FILCH_SANITIZE MATCHES "address" AND file MATCHES "/unit/(tools|sim)/") # not the library, and a tenth of what is compiled
      set(test_long long)
    endif()
    test_libraries(${name})
    if(test_absent)
      continue()
    endif()
    program_of_test(${name} ${label} ${file})
    add_test_file(${file} ${name})
    foreach(extra ${test_label})
      if(NOT TARGET ${extra})
        add_custom_target(${extra})
      endif()
      add_dependencies(${extra} ${name})
    endforeach()
    if(test_long)
      add_dependencies(long ${name})
    else()
      add_dependencies(${label} ${name})
    endif()
    string(APPEND program_lines "${name} ${program} ${label}\n")
    if(NOT test_jobs)
      set(test_jobs 1)
    endif()
    if(NOT name IN_LIST cross_left_out)
      filch_line_test(${name} ${label} ${memcheck} ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${program}> -j${test_jobs} --file ${name})
    endif()
  endforeach()
endforeach()
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/programs.txt "${program_lines}")

# define_for_test(NAME DEFINITION...): for that file alone.
function(define_for_test name)
  set_property(SOURCE unit/service/${name}.c APPEND PROPERTY COMPILE_DEFINITIONS ${ARGN})
endfunction()

# The examples of docs/examples/worker, which the tests of their handlers run.
define_for_test(test_handler_coprocess FILCH_SOURCE="${PROJECT_SOURCE_DIR}")
if(TARGET test_handler_module)
  add_library(test_handler_example MODULE service/handler_module.c)
  target_include_directories(test_handler_example PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(test_handler_example PRIVATE filch_test_build)
  set_target_properties(test_handler_example PROPERTIES C_VISIBILITY_PRESET hidden)
  add_dependencies(test_handler_module test_handler_example)
  define_for_test(test_handler_module FILCH_EXAMPLE_MODULE="$<TARGET_FILE:test_handler_example>")
endif()
if(TARGET test_broker_modules)
  add_dependencies(test_broker_modules broker_modules)
  define_for_test(test_broker_modules BROKER_MODULES="${broker_modules}")
endif()
