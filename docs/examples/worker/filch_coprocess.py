# SPDX-License-Identifier: MIT OR Apache-2.0
"""Serves jobs of a filch service from Python: the other end of the handler `coprocess` (docs/service/worker.md).

    from filch_coprocess import Fail, Retry, serve

    def handle(job):                job.id, job.type, job.attempt, job.headers, job.body (bytes) ...
        job.log("begins")
        raise Retry("busy", after_ms=500)

    serve(handle)

A handler that returns has done its job. Any other exception than Retry and Fail makes it a dead letter with the reason
"KeyError: 'key'", and its traceback goes to standard error."""
import base64
import json
import os
import struct
import sys
import traceback


class Retry(Exception):
    """The job is retried, after_ms from now; 0: when the service's policy says."""

    def __init__(self, reason, after_ms=0):
        super().__init__(reason)
        self.after_ms = after_ms


class Fail(Exception):
    """The job becomes a dead letter."""


class Job:
    def __init__(self, request, write):
        self.__dict__.update(request)  # id, type, queue, content_type, attempt, traceparent, deadline_ms, headers
        text = request.get("body")
        self.body = base64.b64decode(request["body_base64"]) if text is None else text.encode()
        self._write = write
        self._result = None

    def log(self, text):
        self._write({"log": text})

    def progress(self, value):
        """value: anything that json can encode, such as 0.5; the last one counts."""
        self._write({"progress": value})

    def result(self, value):
        """value: the same. The broker must keep records (docs/service/README.md)."""
        self._result = value


def _read(stream, size):
    data = stream.read(size)
    if len(data) < size:
        sys.exit(0)  # the service has closed its end
    return data


def _answer(handle, job):
    try:
        handle(job)
        return {"status": "done", "result": job._result}
    except Retry as again:
        return {"status": "retry", "reason": str(again), "after_ms": again.after_ms}
    except Fail as fault:
        return {"status": "fail", "reason": str(fault) or "Fail"}
    except Exception as fault:
        traceback.print_exc()  # to standard error
        return {"status": "fail", "reason": f"{type(fault).__name__}: {fault}"}


def serve(handle):
    """Serves jobs, one at a time, until the service ends."""
    frames_in = os.fdopen(os.dup(0), "rb")
    frames_out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # print() must not get between the frames

    def write(frame):
        text = json.dumps(frame).encode()
        frames_out.write(struct.pack(">I", len(text)) + text)
        frames_out.flush()

    while True:
        (size,) = struct.unpack(">I", _read(frames_in, 4))
        request = json.loads(_read(frames_in, size))
        write({"id": request["id"], **_answer(handle, Job(request, write))})
