// SPDX-License-Identifier: MIT OR Apache-2.0
// Before fauxqs: gives Node.js of before version 22 an empty module node:sqlite. fauxqs loads it always,
// and uses it only to keep queues in a file.
import { builtinModules, register } from "node:module";

const resolve = `export async function resolve(name, context, next) {
  return name === "node:sqlite"
    ? { url: "data:text/javascript,export class DatabaseSync {}", shortCircuit: true }
    : next(name, context);
}`;
if (!builtinModules.includes("node:sqlite") && !process.getBuiltinModule?.("node:sqlite"))
  register("data:text/javascript," + encodeURIComponent(resolve));
