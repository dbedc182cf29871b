# SPDX-License-Identifier: MIT OR Apache-2.0
# The manual pages and completions, from headers, pages and the programs' own --help: target `manual`. They are installed with
# -DFILCH_MANUAL=ON, which also builds them with everything.
option(FILCH_MANUAL "Build and install the manual pages and completions (needs FILCH_SERVICE)" OFF)
find_program(FILCH_DOXYGEN doxygen)
find_program(FILCH_CMARK cmark-gfm)
find_package(Python3 COMPONENTS Interpreter QUIET)
set(manual ${CMAKE_BINARY_DIR}/manual)
if(NOT FILCH_DOXYGEN OR NOT FILCH_CMARK OR NOT Python3_FOUND OR NOT TARGET filch_worker OR NOT TARGET filch_jobs)
  set(lack "the manual needs doxygen, cmark-gfm, Python 3, filch-jobs and filch-worker (Debian: doxygen, cmark-gfm, python3)")
  if(FILCH_MANUAL)
    message(FATAL_ERROR "${lack}")
  endif()
  add_custom_target(manual COMMAND ${CMAKE_COMMAND} -E echo "${lack}" COMMAND ${CMAKE_COMMAND} -E false)
  return()
endif()
set(all "")
if(FILCH_MANUAL)
  set(all ALL)
endif()
add_custom_target(manual ${all}
                  COMMAND ${CMAKE_COMMAND} -E rm -rf ${manual}
                  COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/manual/main.py ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR} ${manual}
                  DEPENDS filch_command filch_jobs filch_worker VERBATIM)
if(FILCH_MANUAL)
  # Debian's zsh looks for a package's completions in a folder of its own.
  set(zsh_dir site-functions)
  if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(zsh_dir vendor-completions)
  endif()
  install(DIRECTORY ${manual}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
  install(DIRECTORY ${manual}/completions/zsh/ DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/${zsh_dir})
  foreach(shell bash-completion fish)
    install(DIRECTORY ${manual}/completions/${shell} DESTINATION ${CMAKE_INSTALL_DATADIR})
  endforeach()
endif()
