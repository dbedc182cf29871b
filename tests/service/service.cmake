# SPDX-License-Identifier: MIT OR Apache-2.0
# The libraries and options that tests of libfilch-service need.

# service_tests(TARGET NAME...): tests of libfilch-service that also need TARGET.
macro(service_tests target)
  foreach(test ${ARGN})
    set(needs_test_${test} ${target})
    set(options_test_${test} filch_service_static)
  endforeach()
endmacro()
service_tests(filch_service_static copy null_service service service_cancel service_drain service_leases service_waits service_options
              service_ready service_faults service_busy service_records service_job_records service_main contained envelope message_fields percent civil cron periodic
              trial_handlers handler_command handler_module)
service_tests(PkgConfig::JANSSON configuration handler_table refused_configuration)
service_tests(PkgConfig::JANSSON handler_coprocess)
service_tests(PkgConfig::CURL handler_http)
service_tests(PkgConfig::MICROHTTPD service_http http_requests http_slow serve_places notify)
service_tests(PkgConfig::CURL service_otlp otlp_retry_after web)
if(NOT JANSSON_FOUND)
  service_tests(PkgConfig::JANSSON service_http http_requests http_slow serve_places service_otlp notify)
endif()
list(APPEND options_test_service_http PkgConfig::JANSSON)
list(APPEND options_test_service_otlp PkgConfig::JANSSON)
include(service/servers.cmake)

# broker_tests(TARGET): the tests in the folder of the caller are of that broker, and need TARGET; broker_test_programs are their names.
macro(broker_tests target)
  file(GLOB broker_test_programs CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.c)
  list(TRANSFORM broker_test_programs REPLACE ".*/(test_[a-z_]*)\\.c" "\\1")
  foreach(test ${broker_test_programs})
    set(needs_${test} ${target})
    set(options_${test} filch_service_static)
    if(test MATCHES "^test_clock_")
      list(APPEND options_${test} -Wl,--wrap=clock_gettime)
    endif()
    if(test MATCHES "^test_(fleet|clock)_") # it waits for leases most of the time
      set(properties_${test} PROCESSORS 1)
    endif()
  endforeach()
endmacro()
file(GLOB test_files CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/brokers/*/tests.cmake)
foreach(file ${test_files})
  include(${file})
endforeach()

if(SSL_FOUND AND REDIS_FOUND AND POSTGRES_FOUND AND NATS_FOUND AND RABBIT_FOUND AND PROTON_FOUND AND CRYPTO_FOUND AND
   KAFKA_FOUND AND CURL_FOUND AND JANSSON_FOUND)
  add_library(tls_clients INTERFACE)
  target_link_libraries(tls_clients INTERFACE redis_server PkgConfig::SSL PkgConfig::POSTGRES)
endif()
service_tests(tls_clients tls_clients slow_way silent_way)
list(APPEND options_test_service_faults -Wl,--wrap=fl_broker_of)
list(APPEND options_test_service_busy -Wl,--wrap=fl_broker_of)
list(APPEND options_test_service_job_records -Wl,--wrap=fl_broker_of)
list(APPEND options_test_periodic -Wl,--wrap=fl_broker_of)
list(APPEND options_test_refused_configuration -Wl,--wrap=calloc,--wrap=free,--wrap=fmemopen)
list(APPEND options_test_handler_module -rdynamic) # for the module

# Modules of brokers: the example, and some that cannot be used (test_broker_modules, tool_broker_modules).
set(broker_modules ${CMAKE_CURRENT_BINARY_DIR}/modules)
function(broker_module name source)
  add_library(broker_${name} MODULE ${source})
  target_compile_definitions(broker_${name} PRIVATE ${ARGN})
  target_include_directories(broker_${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(broker_${name} PRIVATE filch_test_build)
  set_target_properties(broker_${name} PROPERTIES PREFIX "" OUTPUT_NAME filch-broker-${name} C_VISIBILITY_PRESET hidden
                        BUILD_WITH_INSTALL_RPATH ON LIBRARY_OUTPUT_DIRECTORY ${broker_modules})
  add_custom_command(TARGET broker_${name} POST_BUILD COMMAND chmod go-w $<TARGET_FILE:broker_${name}> ${broker_modules})
  add_dependencies(broker_modules broker_${name})
endfunction()
add_custom_target(broker_modules)
broker_module(range ${PROJECT_SOURCE_DIR}/docs/examples/worker/range_broker.c)
broker_module(newer service/broker_module.c ABI=FL_BROKER_ABI+1)
broker_module(short service/broker_module.c SIZE=16)
broker_module(empty service/broker_module.c)
broker_module(boastful service/broker_module.c CAPABILITY=records)
broker_module(silent service/broker_module.c SYMBOL=another_symbol)
broker_module(orphan service/broker_module.c CLIENT=absent_client)
broker_module(loose service/broker_module.c CLIENT=absent_function)
add_library(absent_client SHARED service/absent_client.c) # found by the linker, and not when the module is loaded
target_link_libraries(broker_orphan PRIVATE absent_client)
service_tests(filch_service_static broker_modules)
