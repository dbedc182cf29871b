#!/usr/bin/env node
// SPDX-License-Identifier: MIT OR Apache-2.0
// A co-process: counts the words of each job's body.
'use strict';

const { isUtf8 } = require('buffer');
const { Fail, Retry, serve } = require('./filch_coprocess');

serve(async (job) => {
  if (!isUtf8(job.body)) {
    throw new Fail('the body is no UTF-8 text');
  }
  const words = job.body.toString().split(/\s+/).filter(Boolean);
  if (!words.length && job.attempt === 1) {
    throw new Retry('no words yet', 500);
  }
  job.log(`${words.length} words`);
  job.result({ words: words.length });
});
