# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_perfetto.py PROTOC FOLDER TRACE JSON: the file TRACE, decoded by protoc with perfetto.proto in FOLDER, has no unknown field, and
shows the same as the file JSON of Chrome's format, of the same trace."""

import collections
import json
import re
import subprocess
import sys


def parse(lines):
    """protoc's text as nested lists of (name, value)."""
    out = []
    for line in lines:
        if line == "}":
            return out
        if line.endswith("{"):
            out.append((line[:-1].strip(), parse(lines)))
        else:
            name, value = line.split(": ", 1)
            out.append((name, json.loads(value) if value[0] == '"' and "\\" not in value else value.strip('"')))
    return out


def main():
    protoc, folder, trace, chrome = sys.argv[1:]
    with open(trace, "rb") as file:
        text = subprocess.run([protoc, "--decode=Trace", "-I", folder, "perfetto.proto"], stdin=file, check=True, text=True,
                              stdout=subprocess.PIPE).stdout
    packets = parse(line.strip() for line in text.splitlines())
    assert not re.search(r"^\s*\d+:", text, re.M), "an unknown field"
    names, tracks, open_slices, flows = {}, {}, collections.Counter(), collections.Counter()
    slices, instants = collections.Counter(), collections.Counter()
    for number, (kind, packet) in enumerate(packets):
        fields = dict(packet)
        assert kind == "packet" and fields["trusted_packet_sequence_id"] == "1", packet
        assert fields["sequence_flags"] == ("2" if number else "3"), packet
        for _, entry in fields.get("interned_data", []):
            names[dict(entry)["iid"]] = dict(entry)["name"]
        if "track_descriptor" in fields:
            track = dict(fields["track_descriptor"])
            assert track["uuid"] not in tracks, track
            assert "process" in track or track["parent_uuid"] == "1", track
            tracks[track["uuid"]] = track["name"]
            continue
        event = dict(fields["track_event"])
        where = tracks[event["track_uuid"]]
        if event["type"] == "SLICE_BEGIN":
            open_slices[where] += 1
            slices[where if where.startswith("worker") else "fibers", names[event["name_iid"]]] += 1
        elif event["type"] == "SLICE_END":
            open_slices[where] -= 1
            assert open_slices[where] >= 0, event
        else:
            instants[where, names[event["name_iid"]]] += 1
            flows[event.get("flow_ids")] += 1
            flows[event.get("terminating_flow_ids")] += 1000
    assert not any(open_slices.values()), open_slices
    flows.pop(None, None)
    assert all(ends == 1001 for ends in flows.values()), flows
    same(slices, instants, chrome)


def same(slices, instants, chrome):
    wanted, marks = collections.Counter(), collections.Counter()
    with open(chrome, encoding="utf-8") as file:
        for event in json.load(file)["traceEvents"]:
            if event["ph"] == "X":
                wanted["worker %d" % event["tid"], event["name"]] += 1
            elif event["ph"] == "b":
                wanted["fibers", event["name"]] += 1
            elif event["ph"] in "isf":
                marks["worker %d" % event["tid"], event["name"]] += 1
    assert slices == wanted, (slices - wanted, wanted - slices)
    assert instants == marks, (instants - marks, marks - instants)
    assert sum(slices.values()) > 10, slices


main()
