# SPDX-License-Identifier: MIT OR Apache-2.0
# The programs of services, and what their users deploy.

# filch-worker: jobs from a broker, with ready-made handlers.
add_executable(filch_worker worker/main.c)
set_target_properties(filch_worker PROPERTIES OUTPUT_NAME filch-worker ENABLE_EXPORTS ON) # handlers in modules call it
target_link_libraries(filch_worker PRIVATE filch_build filch_service_core filch_static)
add_dependencies(filch_worker filch_brokers)
install(TARGETS filch_worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT worker)

# The program filch-jobs: everything but its main is a library, for the tests. It reads and writes JSON.
if(JANSSON_FOUND)
  add_parts(filch_jobs_parts jobs)
  target_link_libraries(filch_jobs_parts PUBLIC filch_service_core PkgConfig::JANSSON Threads::Threads)
  add_executable(filch_jobs jobs/main.c)
  set_target_properties(filch_jobs PROPERTIES OUTPUT_NAME filch-jobs)
  target_compile_definitions(filch_jobs PRIVATE FILCH_JOBS_VERSION="${PROJECT_VERSION}")
  target_link_libraries(filch_jobs PRIVATE filch_build filch_jobs_parts)
  add_dependencies(filch_jobs filch_brokers)
  install(TARGETS filch_jobs RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT worker)
else()
  message(STATUS "jansson not found: filch-jobs is not built (Debian: libjansson-dev)")
endif()

# The files of docs/service/deploy.md. Units name the installed filch-worker; the template is made from the other.
configure_file(deploy/systemd/filch-worker.service systemd/filch-worker.service COPYONLY)
configure_file(deploy/systemd/template.sed systemd/template.sed COPYONLY)
execute_process(COMMAND sed -f template.sed filch-worker.service WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/systemd
                OUTPUT_FILE filch-worker@.service COMMAND_ERROR_IS_FATAL ANY)
install(DIRECTORY deploy DESTINATION ${CMAKE_INSTALL_DATADIR}/filch COMPONENT deploy PATTERN systemd EXCLUDE)
install(CODE "
  set(units \"${CMAKE_CURRENT_BINARY_DIR}/systemd\")
  set(programs \"${CMAKE_INSTALL_BINDIR}\")
  set(folders \"${unit_dir}\" \"${CMAKE_INSTALL_DATADIR}/filch/deploy/systemd\")
" COMPONENT deploy)
install(CODE [[
  get_filename_component(programs "${programs}" ABSOLUTE BASE_DIR "${CMAKE_INSTALL_PREFIX}")
  file(GLOB names RELATIVE "${units}" "${units}/*.service")
  foreach(name ${names})
    file(READ "${units}/${name}" text)
    string(REPLACE "ExecStart=/usr/local/bin" "ExecStart=${programs}" text "${text}")
    foreach(folder ${folders})
      get_filename_component(folder "${folder}" ABSOLUTE BASE_DIR "${CMAKE_INSTALL_PREFIX}")
      file(INSTALL "${units}/${name}" DESTINATION "${folder}")
      file(WRITE "$ENV{DESTDIR}${folder}/${name}" "${text}")
    endforeach()
  endforeach()
]] COMPONENT deploy)
