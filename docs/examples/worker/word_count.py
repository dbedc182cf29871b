#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A co-process: counts the words of each job's body."""
from filch_coprocess import Fail, Retry, serve


def handle(job):
    try:
        words = job.body.decode().split()
    except UnicodeDecodeError:
        raise Fail("the body is no UTF-8 text") from None
    if not words and job.attempt == 1:
        raise Retry("no words yet", after_ms=500)
    job.log(f"{len(words)} words")
    job.result({"words": len(words)})


serve(handle)
