# SPDX-License-Identifier: MIT OR Apache-2.0
"""The other program of rabbit_peer.sh, by pika: publishes messages as programs without Filch do, and compares copies of them.

    rabbit_peer.py URL publish COUNT | rich | same | huge | guide QUEUE | declare QUEUE | stream NAME"""
import datetime
import decimal
import sys

import pika

HEADERS = {"text": "v", "integer": -7, "truth": True, "nothing": None,
           "decimal": decimal.Decimal("3.14"), "time": datetime.datetime(2024, 1, 2, 3, 4, 5),
           "list": [1, "two", {"three": 3}], "table": {"deep": {"deeper": "x"}}}
FIELDS = {"content_type": "application/json", "content_encoding": "identity", "correlation_id": "c-1", "reply_to": "answers",
          "app_id": "peer", "priority": 4, "type": "t", "user_id": "guest"}


def publish(channel, count):
    """JSON, and nothing else."""
    for number in range(int(count)):
        channel.basic_publish("", "tasks", '{"n": %d}' % number)


def rich(channel):
    channel.basic_publish("", "tasks", "rich", pika.BasicProperties(headers=HEADERS, expiration="3600000", **FIELDS))


def huge(channel):
    """A letter of which Filch reads no body."""
    channel.basic_publish("", "tasks.dlq", bytes((16 << 20) + 1), pika.BasicProperties(message_id="huge"))


def same(channel):
    """The next message of tasks is a copy of the rich one: prints what differs."""
    method, properties, body = channel.basic_get("tasks")
    if method is None or body != b"rich":
        sys.exit(f"another message: {body}")
    for name, value in FIELDS.items():
        if getattr(properties, name) != value:
            print(f"{name}: {getattr(properties, name)} instead of {value}")
    for name, value in HEADERS.items():
        got = properties.headers.get(name, "absent")
        if got != value or type(got) is not type(value):
            print(f"header {name}: {got!r} instead of {value!r}")
    if properties.expiration is not None or properties.headers.get("x-filch-expiration") != "3600000":
        print(f"expiration: {properties.expiration}, {properties.headers}")
    if not properties.message_id:
        print("no message_id")


def guide(channel, queue):
    """A durable queue without arguments, as many programs declare theirs, and jobs in it."""
    channel.queue_declare(queue, durable=True)
    for body in ['{"id": "g1", "type": "email_send", "payload": {"to": "a"}}', '{"type": "email_send", "payload": [1.50]}',
                 '{"id": "g3", "type": "data_export"}', '{"id": "g4", "type": "test", "payload": {}}', "hello", '{"type": "email_']:
        channel.basic_publish("", queue, body, pika.BasicProperties(content_type="application/json", delivery_mode=2))


def declare(channel, queue):
    """A queue that a service has declared: passively, then with arguments of its own."""
    channel.queue_declare(queue, passive=True)
    try:
        channel.queue_declare(queue, durable=True)
    except pika.exceptions.ChannelClosedByBroker as closed:
        print(closed.reply_code)


def stream(channel, name):
    channel.queue_declare(name, durable=True, arguments={"x-queue-type": "stream"})


connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
{"publish": publish, "rich": rich, "same": same, "huge": huge, "guide": guide, "declare": declare, "stream": stream}[sys.argv[2]](connection.channel(), *sys.argv[3:])
connection.close()
