# SPDX-License-Identifier: MIT OR Apache-2.0
"""The side of python3-kafka in kafka_peer.sh. usage: kafka_peer.py SERVER publish | read TOPIC | offsets"""
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

server, order = sys.argv[1:3]


def publish():
    producer = KafkaProducer(bootstrap_servers=server)
    for number in range(10):
        headers = [("filch-type", b"echo"), ("filch-id", b"peer-%d" % number)]
        producer.send("tasks", b"by peer", headers=headers).get(10)
    producer.close()


def read(topic):
    """Prints the id, the type and the body of each record."""
    records = KafkaConsumer(topic, bootstrap_servers=server, auto_offset_reset="earliest", consumer_timeout_ms=2000)
    for record in records:
        fields = dict(record.headers)
        print(fields["filch-id"].decode(), fields["filch-type"].decode(), record.value.decode())


def offsets():
    """Prints the records of the group filch that are not finished."""
    consumer = KafkaConsumer(bootstrap_servers=server, group_id="filch")
    parts = [TopicPartition("tasks", number) for number in consumer.partitions_for_topic("tasks")]
    ends = consumer.end_offsets(parts)
    print(sum(ends[part] - (consumer.committed(part) or 0) for part in parts))


{"publish": publish, "read": lambda: read(sys.argv[3]), "offsets": offsets}[order]()
