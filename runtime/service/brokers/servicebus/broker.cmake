# SPDX-License-Identifier: MIT OR Apache-2.0
client(PROTON libqpid-proton libqpid-proton11 libqpid-proton11-dev)
broker(servicebus SCHEMES servicebus servicebus+amqp CLIENTS PROTON CRYPTO)
