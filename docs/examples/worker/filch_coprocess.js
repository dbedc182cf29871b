// SPDX-License-Identifier: MIT OR Apache-2.0
// Serves jobs of a filch service from Node: the other end of the handler `coprocess` (docs/service/worker.md).
//
//   const { Fail, Retry, serve } = require('./filch_coprocess');
//
//   serve(async (job) => {             job.id, job.type, job.attempt, job.headers, job.body (a Buffer) ...
//     job.log('begins');
//     throw new Retry('busy', 500);
//   });
//
// A handler that returns has done its job. Any other exception than Retry and Fail makes it a dead letter with the
// reason "TypeError: x is not a function", and its stack goes to standard error.
'use strict';

/** The job is retried, afterMs from now; 0: when the service's policy says. */
class Retry extends Error {
  constructor(reason, afterMs = 0) {
    super(reason);
    this.afterMs = afterMs;
  }
}

/** The job becomes a dead letter. */
class Fail extends Error {}

function write(frame) {
  const text = Buffer.from(JSON.stringify(frame));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(text.length);
  process.stdout.write(Buffer.concat([head, text]));
}

const results = new WeakMap();

function jobOf(request) {
  const isText = request.body !== undefined;
  const job = {
    ...request, // id, type, queue, content_type, attempt, traceparent, deadline_ms, headers
    body: isText ? Buffer.from(request.body) : Buffer.from(request.body_base64, 'base64'),
    log: (text) => write({ log: text }),
    progress: (value) => write({ progress: value }), // any JSON, such as 0.5; the last one counts
    result: (value) => { results.set(job, value); }, // the same; the broker must keep records
  };
  return job;
}

async function answer(handle, job) {
  try {
    await handle(job);
    return { status: 'done', result: results.get(job) };
  } catch (fault) {
    if (fault instanceof Retry) {
      return { status: 'retry', reason: fault.message, after_ms: fault.afterMs };
    }
    if (fault instanceof Fail) {
      return { status: 'fail', reason: fault.message };
    }
    console.error(fault); // with its stack
    return { status: 'fail', reason: String(fault) }; // TypeError: x is not a function
  }
}

/** The frames that have come. */
async function* requests() {
  let data = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    data = Buffer.concat([data, chunk]);
    while (data.length >= 4 && data.length - 4 >= data.readUInt32BE()) {
      const end = 4 + data.readUInt32BE();
      yield JSON.parse(data.subarray(4, end).toString());
      data = data.subarray(end);
    }
  }
}

/** Serves jobs, one at a time, until the service ends. */
async function serve(handle) {
  console.log = console.error; // must not get between the frames
  for await (const request of requests()) {
    write({ id: request.id, ...(await answer(handle, jobOf(request))) });
  }
}

module.exports = { Fail, Retry, serve };
