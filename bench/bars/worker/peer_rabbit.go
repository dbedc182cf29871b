// SPDX-License-Identifier: MIT OR Apache-2.0

// A consumer of a RabbitMQ queue by amqp091-go, for bar_rabbit.c. The first line of its input is
// "URL QUEUE PREFETCH"; it answers "ready". Each further line is "COUNT BATCH": it consumes that many
// messages, acknowledges batches with one multiple-ack each, and answers with its processor time.
package main

import (
	"fmt"
	"os"
	"syscall"

	amqp "github.com/rabbitmq/amqp091-go"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "Go consumer:", err)
		os.Exit(1)
	}
}

func cpu() float64 {
	var use syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return float64(use.Utime.Nano()+use.Stime.Nano()) * 1e-9
}

func consume(deliveries <-chan amqp.Delivery, count, batch int) {
	for i := 1; i <= count; i++ {
		delivery, open := <-deliveries
		if !open {
			check(amqp.ErrClosed)
		}
		if i%batch == 0 || i == count {
			check(delivery.Ack(true))
		}
	}
}

func main() {
	var url, queue string
	var prefetch, count, batch int
	_, err := fmt.Scan(&url, &queue, &prefetch)
	check(err)
	connection, err := amqp.Dial(url)
	check(err)
	channel, err := connection.Channel()
	check(err)
	check(channel.Qos(prefetch, 0, false))
	deliveries, err := channel.Consume(queue, "", false, false, false, false, nil)
	check(err)
	fmt.Println("ready")
	for {
		if _, err := fmt.Scan(&count, &batch); err != nil {
			break
		}
		before := cpu()
		consume(deliveries, count, batch)
		fmt.Println(cpu() - before)
	}
	check(connection.Close())
}
