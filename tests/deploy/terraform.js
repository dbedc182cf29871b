// SPDX-License-Identifier: MIT OR Apache-2.0
// Usage: node terraform.js NODE_MODULES FILE...
// Parses files of Terraform, and prints them as one JSON object: file name -> blocks. Arguments of jsonencode are parsed
// as well, so that they are values in place of a text.
"use strict";
const fs = require("fs");
const path = require("path");
const [modules, ...files] = process.argv.slice(2);
const { parse } = require(path.resolve(modules, "@cdktf/hcl2json"));

async function opened(value) {
    if (Array.isArray(value))
        return Promise.all(value.map(opened));
    if (value && typeof value === "object") {
        const pairs = Object.entries(value).map(async ([key, inner]) => [key, await opened(inner)]);
        return Object.fromEntries(await Promise.all(pairs));
    }
    const encoded = typeof value === "string" && /^\$\{jsonencode\(([^]*)\)\}$/.exec(value);
    return encoded ? opened((await parse("encoded.tf", `value = ${encoded[1]}\n`)).value) : value;
}

async function main() {
    const all = {};
    for (const file of files)
        all[path.basename(file)] = await opened(await parse(file, fs.readFileSync(file, "utf8")));
    console.log(JSON.stringify(all));
}

main().catch(error => {
    console.error(error.message || String(error));
    process.exit(1);
});
