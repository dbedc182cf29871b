# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
server='rabbitmq-server | command /usr/lib/rabbitmq/bin/rabbitmq-server'
client='librabbitmq-dev | module librabbitmq'
url='amqp://AT/'

launch() {
    export HOME=$PWD RABBITMQ_NODENAME=filch@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$port
    export RABBITMQ_MNESIA_BASE=$PWD/data RABBITMQ_LOG_BASE=$PWD/logs RABBITMQ_PID_FILE=$PWD/rabbitmq.pid
    export RABBITMQ_CONFIG_FILE=$PWD/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$PWD/plugins
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
    export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT RABBITMQ_DIST_PORT
    ERL_EPMD_PORT=$(free_port) RABBITMQ_DIST_PORT=$(free_port)
    echo '[].' >plugins
    keep epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT"
    keep /usr/lib/rabbitmq/bin/rabbitmq-server
}
