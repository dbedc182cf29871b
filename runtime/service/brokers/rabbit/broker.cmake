# SPDX-License-Identifier: MIT OR Apache-2.0
client(RABBIT librabbitmq librabbitmq4 librabbitmq-dev)
broker(rabbit MODULE rabbitmq SCHEMES amqp amqps CLIENTS RABBIT)
