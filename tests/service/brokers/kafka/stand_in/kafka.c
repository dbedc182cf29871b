/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A stand-in for Kafka: librdkafka's mock cluster in a process of its own. Prints HOST:PORT, and runs until
 * it is killed, or, without --stays, its parent ends. SIGUSR1 breaks all connections.
 *   stand_in_kafka [--stays] [TOPIC=PARTITIONS]...
 * A line API ERROR MS COUNT on its standard input is answered by a line. The next COUNT requests of this API
 * (Kafka protocol, "API Keys") then get this error code (0: none) after MS milliseconds.
 * It keeps all in memory. It has groups, transactions' ids, watermarks and headers; it lacks the admin API,
 * TLS, SASL and limits of sizes. Topics that are not named get four partitions when they are first used. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BROKER = 1 };

static int fail(const char *doing, const char *value)
{
    fprintf(stderr, "stand_in_kafka: cannot %s: %s\n", doing, value);
    return 1;
}

static int create_topics(rd_kafka_mock_cluster_t *cluster, char **topics)
{
    for (; *topics; topics++) {
        char *partitions = strchr(*topics, '=');
        if (!partitions)
            return fail("read the topic (valid: TOPIC=PARTITIONS)", *topics);
        *partitions++ = '\0';
        rd_kafka_resp_err_t error =
            rd_kafka_mock_topic_create(cluster, *topics, atoi(partitions), 1);
        if (error)
            return fail("create a topic", rd_kafka_err2str(error));
    }
    return 0;
}

/* As a Kafka server: else an answer waits for the client's acknowledgement of the one before, 40 ms. Accepted
 * sockets inherit this on Linux. */
static void send_at_once(void)
{
    enum { FILES = 64 };
    for (int file = 0; file < FILES; file++) {
        int listens = 0, yes = 1;
        socklen_t size = sizeof listens;
        if (getsockopt(file, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens)
            setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
}

/* ---- Orders ---- */

static void break_connections(rd_kafka_mock_cluster_t *cluster)
{
    rd_kafka_mock_broker_set_down(cluster, BROKER);
    rd_kafka_mock_broker_set_up(cluster, BROKER);
    send_at_once();
}

/* false: no more will come. */
static bool read_order(rd_kafka_mock_cluster_t *cluster)
{
    char line[80];
    int api, error, ms, count;
    if (!fgets(line, sizeof line, stdin))
        return false;
    if (sscanf(line, "%d %d %d %d", &api, &error, &ms, &count) != 4)
        return !fail("read the order (valid: API ERROR MS COUNT)", line);
    while (count-- > 0)
        rd_kafka_mock_broker_push_request_error_rtts(cluster, BROKER, (int16_t)api, 1,
                                                     (rd_kafka_resp_err_t)error, ms);
    puts("done");
    fflush(stdout);
    return true;
}

static int serve(rd_kafka_mock_cluster_t *cluster, const sigset_t *orders)
{
    struct signalfd_siginfo order = {0};
    struct pollfd fds[] = {{signalfd(-1, orders, SFD_CLOEXEC), POLLIN, 0}, {0, POLLIN, 0}};
    while (poll(fds, 2, -1) > 0) {
        if (fds[1].revents && !read_order(cluster))
            fds[1].fd = -1;
        if (!fds[0].revents)
            continue;
        if (read(fds[0].fd, &order, sizeof order) != sizeof order || order.ssi_signo != SIGUSR1)
            return 0;
        break_connections(cluster);
    }
    return fail("wait for orders", strerror(errno));
}

int main(int argc, char **argv)
{
    char why[256];
    sigset_t orders;
    bool stays = argc > 1 && strcmp(argv[1], "--stays") == 0;
    if (!stays)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    setvbuf(stdin, NULL, _IONBF, 0); /* poll sees what has not been read */
    sigemptyset(&orders);
    sigaddset(&orders, SIGUSR1);
    sigaddset(&orders, SIGTERM);
    sigprocmask(SIG_BLOCK, &orders, NULL);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "3", why,
                      sizeof why); /* it lacks a server, as it has to */
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!rk)
        return fail("start librdkafka", why);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, 1);
    if (!cluster)
        return fail("start the cluster", "rd_kafka_mock_cluster_new");
    send_at_once();
    int status = create_topics(cluster, argv + 1 + stays);
    if (!status) {
        printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
        fflush(stdout);
        status = serve(cluster, &orders);
    }
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(rk);
    return status;
}
