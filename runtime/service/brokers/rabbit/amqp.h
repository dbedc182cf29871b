/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The headers of librabbitmq, which have a folder of their own since its version 0.12. */
#ifndef FL_RABBIT_AMQP_H
#define FL_RABBIT_AMQP_H

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#endif
