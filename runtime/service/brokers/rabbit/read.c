/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit/rabbit.h>

#include <runtime/service/broker.h>

#include <filch/timer.h>

#include <errno.h>
#include <sys/time.h>

/* ---- Methods ---- */

typedef fl_broker_rc on_method(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                               const void *method);

static fl_broker_rc on_connection_close(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                                        const void *method)
{
    (void)channel;
    const amqp_connection_close_t *close = method;
    amqp_connection_close_ok_t ok = {0};
    amqp_send_method(wire->state, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok); /* it may be gone */
    return fl_rabbit_closed(r, wire, "stay connected to", close->reply_code, close->reply_text);
}

static fl_broker_rc on_channel_close(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                                     const void *method)
{
    (void)channel;
    const amqp_channel_close_t *close = method;
    return fl_rabbit_closed(r, wire, "use a channel of", close->reply_code, close->reply_text);
}

static fl_broker_rc on_blocked(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                               const void *method)
{
    (void)channel, (void)method;
    r->base.host->log(r->base.host, FILCH_LOG_WARN,
                      "RabbitMQ is short of memory or disk and takes no publications");
    wire->blocked = true;
    return FL_BROKER_OK;
}

static fl_broker_rc on_unblocked(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                                 const void *method)
{
    (void)channel, (void)method;
    r->base.host->log(r->base.host, FILCH_LOG_INFO, "RabbitMQ takes publications again");
    wire->blocked = false;
    return FL_BROKER_OK;
}

static fl_broker_rc on_deliver(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                               const void *method)
{
    (void)wire;
    const amqp_basic_deliver_t *deliver = method;
    return fl_rabbit_on_deliver(r, channel - FL_RABBIT_DELIVERIES, deliver->delivery_tag,
                                deliver->redelivered);
}

static fl_broker_rc on_cancel(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                              const void *method)
{
    (void)method;
    const fl_broker_host *host = r->base.host;
    wire->broken = true;
    return host->explain(host, FL_BROKER_LOST,
                         "RabbitMQ ended the deliveries of queue '%s': it was deleted, or its "
                         "server went away; it is opened again",
                         r->config.queues[channel - FL_RABBIT_DELIVERIES]);
}

static fl_broker_rc on_ack(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                           const void *method)
{
    (void)r, (void)channel;
    const amqp_basic_ack_t *ack = method;
    fl_rabbit_on_confirm(wire, ack->delivery_tag, ack->multiple, 0);
    return FL_BROKER_OK;
}

/* x-overflow is reject-publish. */
static fl_broker_rc on_nack(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                            const void *method)
{
    (void)r, (void)channel;
    const amqp_basic_nack_t *nack = method;
    fl_rabbit_on_confirm(wire, nack->delivery_tag, nack->multiple, -ENOSPC);
    return FL_BROKER_OK;
}

static const struct {
    amqp_method_number_t id;
    on_method *call;
} methods[] = {
    {AMQP_BASIC_DELIVER_METHOD, on_deliver},
    {AMQP_BASIC_ACK_METHOD, on_ack},
    {AMQP_BASIC_NACK_METHOD, on_nack},
    {AMQP_BASIC_CANCEL_METHOD, on_cancel},
    {AMQP_CONNECTION_BLOCKED_METHOD, on_blocked},
    {AMQP_CONNECTION_UNBLOCKED_METHOD, on_unblocked},
    {AMQP_CHANNEL_CLOSE_METHOD, on_channel_close},
    {AMQP_CONNECTION_CLOSE_METHOD, on_connection_close},
};

/* ---- Frames ---- */

static fl_broker_rc read_method(fl_rabbit *r, fl_rabbit_wire *wire, const amqp_frame_t *frame)
{
    const amqp_method_t *method = &frame->payload.method;
    for (unsigned i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].id == method->id)
            return methods[i].call(r, wire, frame->channel, method->decoded);
    return FL_BROKER_OK; /* basic.return: its header follows */
}

static fl_broker_rc read_header(fl_rabbit *r, fl_rabbit_wire *wire, const amqp_frame_t *frame)
{
    const amqp_basic_properties_t *properties = frame->payload.properties.decoded;
    if (frame->channel >= FL_RABBIT_DELIVERIES)
        return fl_rabbit_on_header(r, frame->channel - FL_RABBIT_DELIVERIES,
                                   frame->payload.properties.body_size, properties,
                                   frame->payload.properties.raw);
    return fl_rabbit_on_return(r, wire, fl_rabbit_number(properties));
}

static fl_broker_rc read_frame(fl_rabbit *r, fl_rabbit_wire *wire, const amqp_frame_t *frame)
{
    switch (frame->frame_type) {
    case AMQP_FRAME_METHOD:
        return read_method(r, wire, frame);
    case AMQP_FRAME_HEADER:
        return read_header(r, wire, frame);
    case AMQP_FRAME_BODY:
        if (frame->channel >= FL_RABBIT_DELIVERIES)
            return fl_rabbit_on_body(r, frame->channel - FL_RABBIT_DELIVERIES,
                                     frame->payload.body_fragment);
        break;
    default:
        break;
    }
    return FL_BROKER_OK;
}

/* Frames and properties lie in memory of their channel until it is released. */
static void release(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel)
{
    const fl_rabbit_part *part =
        channel < FL_RABBIT_DELIVERIES ? NULL : &r->queues[channel - FL_RABBIT_DELIVERIES].part;
    if (part && part->at != FL_RABBIT_IDLE && !part->done)
        return;
    amqp_maybe_release_buffers_on_channel(wire->state, channel);
}

fl_broker_rc fl_rabbit_read(fl_rabbit *r, fl_rabbit_wire *wire, int64_t wait, bool *any)
{
    amqp_frame_t frame;
    struct timeval most = fl_rabbit_time(wait);
    int status = amqp_simple_wait_frame_noblock(wire->state, &frame, &most);
    *any = status == AMQP_STATUS_OK;
    if (status == AMQP_STATUS_TIMEOUT)
        return FL_BROKER_OK;
    if (status)
        return fl_rabbit_broken(r, wire, "read from", status);
    if (frame.channel >= FL_RABBIT_DELIVERIES + (r->room ? r->config.queue_count : 0))
        return fl_rabbit_broken(r, wire, "read from", AMQP_STATUS_BAD_AMQP_DATA);
    fl_broker_rc rc = read_frame(r, wire, &frame);
    release(r, wire, frame.channel);
    return rc;
}

/* Bytes behind them are in the socket, and make it readable. */
static bool has_frames(const fl_rabbit_wire *wire)
{
    return amqp_frames_enqueued(wire->state) || amqp_data_in_buffer(wire->state);
}

fl_broker_rc fl_rabbit_drain(fl_rabbit *r, fl_rabbit_wire *wire)
{
    bool any = true;
    fl_broker_rc rc = FL_BROKER_OK;
    int64_t beat = amqp_get_heartbeat(wire->state) * FILCH_SECOND / 2;
    const fl_broker_host *host = r->base.host;
    do
        rc = fl_rabbit_read(r, wire, 0, &any);
    while (any && !rc && has_frames(wire));
    wire->beat_at = beat ? host->now(host) + beat : INT64_MAX;
    return rc;
}
