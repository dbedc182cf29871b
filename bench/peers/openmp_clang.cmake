# SPDX-License-Identifier: MIT OR Apache-2.0
# The columns that clang compiles where gcc compiles the others: its OpenMP, and Filch's, so that each is compared with
# code of the same compiler. clang's OpenMP stands beside gcc's in one program: clang compiles the sources of the column
# openmp, and calls its own runtime by names that gcc's does not have. Names of both are found in gcc's, which therefore
# is linked first.
find_program(FILCH_CLANG NAMES clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14)
if(FILCH_CLANG)
  get_filename_component(clang_folder ${FILCH_CLANG} REALPATH)
  get_filename_component(clang_folder ${clang_folder} DIRECTORY)
  find_library(FILCH_LIBOMP omp HINTS ${clang_folder}/../lib)
endif()
if(NOT FILCH_LIBOMP OR NOT have_openmp OR NOT CMAKE_C_COMPILER_ID STREQUAL "GNU" OR CMAKE_CROSSCOMPILING)
  message(STATUS "filch bench is built without the column openmp-clang: it needs gcc, clang and its OpenMP (Debian: clang, libomp-dev)")
  return()
endif()

string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS_${type}}")
set(includes $<TARGET_PROPERTY:filch_static,INTERFACE_INCLUDE_DIRECTORIES>)
set(definitions $<TARGET_PROPERTY:filch_static,INTERFACE_COMPILE_DEFINITIONS>)
function(compile_by_clang column source) # flags follow
  get_filename_component(name ${source} NAME_WE)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${column}/${name}.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${FILCH_CLANG} ${flags} -std=gnu11 -D_GNU_SOURCE -ffp-contract=off -DKERNEL_SUFFIX=${column} ${ARGN}
            "$<$<BOOL:${includes}>:-I$<JOIN:${includes},;-I>>" "$<$<BOOL:${definitions}>:-D$<JOIN:${definitions},;-D>>"
            -MD -MF ${object}.d -c ${source} -o ${object}
    DEPENDS ${source} DEPFILE ${object}.d COMMAND_EXPAND_LISTS VERBATIM)
  target_sources(filch_kernels PRIVATE ${object})
endfunction()
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/openmp_clang ${CMAKE_CURRENT_BINARY_DIR}/filch_clang)
foreach(source ${kernels} ${CMAKE_CURRENT_SOURCE_DIR}/peers/par_openmp.c)
  compile_by_clang(openmp_clang ${source} -fopenmp -DKERNEL_AS_OPENMP -DPEER_OPENMP=peer_openmp_clang
                   "-DPEER_NAME=\"openmp-clang\"")
endforeach()
foreach(source ${kernels} ${par_kernels})
  compile_by_clang(filch_clang ${source} -DKERNEL_AS_FILCH)
endforeach()
target_compile_definitions(filch_kernels PRIVATE PEERS_HAVE_OPENMP_CLANG)
target_link_libraries(filch_kernels INTERFACE $<LINK_ONLY:OpenMP::OpenMP_C> ${FILCH_LIBOMP})
