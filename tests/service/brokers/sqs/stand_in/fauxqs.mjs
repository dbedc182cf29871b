// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs fauxqs, a server that speaks SQS, on this port of 127.0.0.1 or a free one, which it prints. Its clock is moved
// by /stand-in/advance?ns=N, and /stand-in/fresh forgets its queues. It accepts any signature.
//   node --import FOLDER/fauxqs_without_sqlite.mjs fauxqs.mjs FOLDER_OF_FAUXQS [PORT]
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const load = (file) => import(pathToFileURL(`${folder}/dist/${file}`).href);
const { buildApp } = await load("app.js");
const { SqsStore } = await load("sqs/sqsStore.js");
const { SnsStore } = await load("sns/snsStore.js");
const { S3Store } = await load("s3/s3Store.js");

let offset = 0;
const now = Date.now;
Date.now = () => now() + offset;

const stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() };
const app = buildApp({ logger: false, stores });
app.get("/stand-in/advance", (request) => {
  offset += Number(request.query.ns) / 1e6;
  for (const queue of stores.sqsStore.allQueues()) queue.processTimers(); // otherwise every 20 ms
  return "0";
});
app.get("/stand-in/fresh", () => {
  stores.sqsStore.purgeAll();
  return "0";
});
await app.listen({ port: Number(process.argv[3] ?? 0), host: "127.0.0.1" });
console.log(app.server.address().port);
