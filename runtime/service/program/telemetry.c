/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The HTTP endpoints and the export of spans of a service program. */
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/serve.h>

#include <filch/runtime.h>

#include <stdlib.h>

#define LAST_SPANS (5 * FILCH_SECOND) /* to send the rest in */

int fl_spans_begin(fl_program *program)
{
    const char *name = secure_getenv("OTEL_SERVICE_NAME");
    const fl_key *endpoint = fl_key_of(FL_KEY_OF_SERVICE, "otlp-endpoint", 13);
    const filch_service_otlp_config config = {.size = sizeof config,
                                              .endpoint = program->configuration.otlp_endpoint,
                                              .endpoint_file =
                                                  program->configuration.files[endpoint - fl_keys],
                                              .service_name = name && *name ? name : program->name,
                                              .log = &program->log};
    if (!config.endpoint)
        return 0;
    program->tracer = (filch_tracer){.sink = filch_service_otlp_sink};
    int rc = filch_service_otlp_start(&program->otlp, &config);
    program->tracer.arg = program->otlp;
    return rc;
}

void fl_spans_end(fl_program *program)
{
    if (filch_service_otlp_stop(program->otlp, filch_in(LAST_SPANS)))
        FILCH_LOG(&program->log, FILCH_LOG_WARN, "spans are lost",
                  filch_log_text("reason", filch_error()));
}

int fl_endpoints_begin(fl_program *program)
{
    const fl_configuration *own = &program->configuration;
    /* A check takes any free port: the service may be running. */
    bool any = own->health_port == FL_PORT_NONE || program->request.check;
    const filch_service_http_config config = {.size = sizeof config,
                                              .address = own->health_address,
                                              .port = any ? 0 : (unsigned)own->health_port,
                                              .token = own->health_token};
    return own->health_port == FL_PORT_NONE
               ? 0
               : filch_service_http_start(&program->http, program->service, &config);
}

void fl_endpoints_end(fl_program *program)
{
    filch_service_http_stop(program->http);
}
