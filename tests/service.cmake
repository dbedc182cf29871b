# SPDX-License-Identifier: MIT OR Apache-2.0
# The libraries and options that tests of libfilch-service need.

# service_tests(TARGET NAME...): tests of libfilch-service that also need TARGET.
macro(service_tests target)
  foreach(test ${ARGN})
    set(needs_test_${test} ${target})
    set(options_test_${test} filch_service_static)
  endforeach()
endmacro()
service_tests(filch_service_static service service_drain service_leases service_options service_faults
              service_records service_main envelope memory_broker trial_handlers handler_command
              handler_module)
service_tests(PkgConfig::JANSSON configuration handler_table refused_configuration)
service_tests(PkgConfig::JANSSON handler_coprocess)
service_tests(PkgConfig::CURL handler_http)
service_tests(PkgConfig::MICROHTTPD service_http)
service_tests(PkgConfig::CURL service_otlp otlp_retry_after)
service_tests(PkgConfig::SQLITE sqlite_broker fleet_sqlite clock_sqlite full_disk_sqlite backlog_sqlite)
if(NOT JANSSON_FOUND)
  service_tests(PkgConfig::JANSSON service_http service_otlp)
endif()
list(APPEND options_test_service_http PkgConfig::JANSSON)
list(APPEND options_test_service_otlp PkgConfig::JANSSON)
if(REDIS_FOUND)
  add_library(server_clock MODULE support/server_clock.c) # preloaded, so without sanitizers
  target_include_directories(server_clock PRIVATE ${PROJECT_SOURCE_DIR}/include)
  add_library(redis_server INTERFACE)
  add_dependencies(redis_server server_clock)
  target_compile_definitions(redis_server INTERFACE SERVER_CLOCK="$<TARGET_FILE:server_clock>"
                             $<$<BOOL:${SSL_FOUND}>:FILCH_HAVE_SSL>)
  target_link_libraries(redis_server INTERFACE filch_service_static PkgConfig::REDIS)
endif()
service_tests(redis_server redis_broker redis_server redis_tls fleet_redis clock_redis full_disk_redis backlog_redis)
service_tests(PkgConfig::POSTGRES postgres_broker postgres_faults fleet_postgres clock_postgres
              full_disk_postgres backlog_postgres)
service_tests(PkgConfig::RABBIT rabbit_broker rabbit_faults fleet_rabbit)
service_tests(PkgConfig::NATS nats_broker nats_refusals fleet_nats full_disk_nats backlog_nats)
if(SSL_FOUND AND REDIS_FOUND AND POSTGRES_FOUND AND NATS_FOUND AND RABBIT_FOUND AND CURL_FOUND)
  add_library(tls_clients INTERFACE)
  target_link_libraries(tls_clients INTERFACE redis_server PkgConfig::SSL PkgConfig::POSTGRES)
endif()
service_tests(tls_clients tls_clients slow_way)
foreach(broker sqlite redis postgres)
  list(APPEND options_test_clock_${broker} -Wl,--wrap=clock_gettime)
endforeach()
list(APPEND options_test_service_faults -Wl,--wrap=fl_broker_of)
list(APPEND options_test_refused_configuration -Wl,--wrap=calloc,--wrap=free,--wrap=fmemopen)
list(APPEND options_test_handler_module -rdynamic) # for the module
