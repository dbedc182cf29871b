/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bare consumers of a queue of the broker amqp, by librabbitmq and by a Go program (peer_rabbit.go).
 * They have the prefetch of the service, and acknowledge each batch with one multiple-ack. The
 * processor time of the Go program is that of its process. */
#define RABBIT_RUNNER getpid() /* the server ends with this program */
#include <bench/bars/program.h>
#include <bench/bars/worker/brokers.h>
#include <bench/bars/worker/queue.h>
#include <bench/bars/worker/serve.h>
#include <tests/service/brokers/rabbit/rabbit.h>

#include <runtime/service/brokers/rabbit/message.h>

#include <errno.h>

enum { CHANNEL = 1, FRAME_MOST = 131072, PREFETCH = SERVE_WIDTH + SERVE_BUFFER };

/* ---- librabbitmq ---- */

static void check(amqp_rpc_reply_t reply, const char *call)
{
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
        worker_bare_die(call, amqp_error_string2(reply.library_error));
}

static void check_answer(amqp_connection_state_t state, const char *call)
{
    check(amqp_get_rpc_reply(state), call);
}

/* url: amqp://guest:guest@127.0.0.1:PORT/ */
static void *open_bare(const char *url)
{
    amqp_connection_state_t state = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(state);
    if (!socket || amqp_socket_open(socket, "127.0.0.1", atoi(strrchr(url, ':') + 1)))
        worker_bare_die("amqp_socket_open", strerror(errno));
    check(amqp_login(state, "/", 0, FRAME_MOST, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"),
          "amqp_login");
    amqp_channel_open(state, CHANNEL);
    check_answer(state, "amqp_channel_open");
    amqp_basic_qos(state, CHANNEL, 0, PREFETCH, 0);
    check_answer(state, "amqp_basic_qos");
    amqp_basic_consume(state, CHANNEL, amqp_cstring_bytes(BAR_QUEUE), amqp_empty_bytes, 0, 0, 0,
                       amqp_empty_table);
    check_answer(state, "amqp_basic_consume");
    return state;
}

static void consume(void *bare, const worker_bare *how, long count)
{
    amqp_connection_state_t state = bare;
    for (long i = 1; i <= count; i++) {
        amqp_envelope_t message;
        amqp_maybe_release_buffers(state);
        check(amqp_consume_message(state, &message, NULL, 0), "amqp_consume_message");
        if ((i % how->batch == 0 || i == count) &&
            amqp_basic_ack(state, CHANNEL, message.delivery_tag, true))
            worker_bare_die("amqp_basic_ack", strerror(errno));
        amqp_destroy_envelope(&message);
    }
}

static void close_bare(void *bare)
{
    check(amqp_connection_close(bare, AMQP_REPLY_SUCCESS), "amqp_connection_close");
    amqp_destroy_connection(bare);
}

/* ---- Go ---- */

#ifdef WORKER_PEER_GO
static const char go_path[] = WORKER_PEER_GO;
#else
static const char go_path[] = ""; /* tools/bars.sh --peers installs Go and amqp091-go */
#endif

typedef struct go_peer {
    program program;
    double cpu; /* seconds of its process, of the last run */
} go_peer;

static void *open_go(const char *url)
{
    static go_peer peer;
    char ready[16], argument[sizeof go_path + 4];
    snprintf(argument, sizeof argument, "go=%s", go_path);
    program_start(&peer.program, argument);
    fprintf(peer.program.to, "%s %s %d\n", url, BAR_QUEUE, PREFETCH);
    fflush(peer.program.to);
    if (fscanf(peer.program.from, "%15s", ready) != 1)
        worker_bare_die("the Go consumer", "it ended before it was connected");
    return &peer;
}

static void consume_go(void *bare, const worker_bare *how, long count)
{
    go_peer *peer = bare;
    fprintf(peer->program.to, "%ld %u\n", count, how->batch);
    fflush(peer->program.to);
    if (fscanf(peer->program.from, "%lf", &peer->cpu) != 1)
        worker_bare_die("the Go consumer", "it ended before its answer");
}

static double go_cpu(void *bare)
{
    return ((const go_peer *)bare)->cpu;
}

static void close_go(void *bare)
{
    program_stop(&((go_peer *)bare)->program);
}

static const worker_bare bares[] = {
    {"librabbitmq", 100, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.85},
    {"Go", 100, sizeof go_path > 1 ? open_go : NULL, consume_go, close_go, MEASURE_REPORTED, 0},
    {0},
};

/* ---- Its server ---- */

static const char *server_url(void)
{
    return rabbit_url("");
}

static const char *fleet_url(void)
{
    return rabbit_url("?heartbeat=2");
}

/* Its supervisor starts it again. */
static void restart(void)
{
    rabbit_kill();
    rabbit_disconnect(rabbit_connect());
}

static const worker_cpu cpus[] = {
    {"librabbitmq", 2.5, NULL},
    {"Go", 0.5, go_cpu},
    {0},
};

const worker_broker worker_broker_rabbit = {
    .settings =
        {
            {.name = "rabbitmq",
             .url = server_url,
             .jobs = 20000,
             .is_durable = true,
             .bares = bares,
             .cpus = cpus},
        },
    .server = {.name = "rabbit", .url = fleet_url, .restart = restart, .has_late_queues = true},
};
