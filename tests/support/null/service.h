/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A call for each object of each function of services; `it` is the object.
 * tests/support/null/calls.h has the rules; tests/lint/null.py finds missing rows. Included twice, without a guard. */
// clang-format off
/* <filch/service.h> */
DIES(filch_message_header, message, filch_message_header(it, "x"))
REFUSES(filch_service_create, out, filch_service_create(it, room, room, 1))
ALLOWS(filch_service_create, config, filch_service_create(room, it, handlers, 1))
REFUSES(filch_service_create, handlers, filch_service_create(room, room, it, 1))
DIES(filch_service_describe, service, filch_service_describe(it, "x", 1))
IGNORES(filch_service_destroy, service, filch_service_destroy(it))
REFUSES(filch_service_job_fail, job, filch_service_job_fail(it, "x"))
DIES(filch_service_job_age, job, filch_service_job_age(it))
DIES(filch_service_job_context, job, filch_service_job_context(it))
DIES(filch_service_job_log, job, filch_service_job_log(it))
DIES(filch_service_job_message, job, filch_service_job_message(it))
DIES(filch_service_job_service, job, filch_service_job_service(it))
DIES(filch_service_job_trace, job, filch_service_job_trace(it))
REFUSES(filch_service_publish, service, filch_service_publish(it, room, 0))
REFUSES(filch_service_publish, message, filch_service_publish(live_service(), it, 0))
REFUSES(filch_service_job_retry, job, filch_service_job_retry(it, 0, "x"))
REFUSES(filch_service_run, service, filch_service_run(it))
REFUSES(filch_service_run_ready, service, filch_service_run_ready(it, room))
DIES(filch_service_stats_read, service, filch_service_stats_read(it, room, 1))
DIES(filch_service_stats_read, out, filch_service_stats_read(live_service(), it, 1))
REFUSES(filch_service_stop, service, filch_service_stop(it, 0))

/* <filch/service_observe.h> */
DIES(filch_service_http_port, http, filch_service_http_port(it))
REFUSES(filch_service_http_start, out, filch_service_http_start(it, room, room))
REFUSES(filch_service_http_start, service, filch_service_http_start(room, it, room))
ALLOWS(filch_service_http_start, config, (void)0)
IGNORES(filch_service_http_stop, http, (filch_service_http_stop(it), 0))

/* <filch/service_main.h> */
ALLOWS(filch_service_main, handlers, (void)0)
ALLOWS(filch_service_main_with, defaults, (void)0)
ALLOWS(filch_service_main_with, handlers, (void)0)

/* <filch/service_observe.h> */
ALLOWS(filch_service_otlp_sink, span, (void)0)
REFUSES(filch_service_otlp_start, out, filch_service_otlp_start(it, room))
ALLOWS(filch_service_otlp_start, config, (void)0)
DIES(filch_service_otlp_stats_read, otlp, filch_service_otlp_stats_read(it, room, 1))
DIES(filch_service_otlp_stats_read, out, filch_service_otlp_stats_read(live_otlp(), it, 1))
IGNORES(filch_service_otlp_stop, otlp, filch_service_otlp_stop(it, 0))

/* <filch/service.h> */
REFUSES(filch_service_job_progress, job, filch_service_job_progress(it, room, 1))
IGNORES(filch_service_record_destroy, record, (filch_service_record_destroy(it), 0))
REFUSES(filch_service_record_read, service, filch_service_record_read(it, "x", room, 0))
REFUSES(filch_service_record_read, out, filch_service_record_read(live_service(), "x", it, 0))
REFUSES(filch_service_job_result, job, filch_service_job_result(it, room, 1))
// clang-format on
