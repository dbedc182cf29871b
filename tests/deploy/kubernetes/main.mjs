// SPDX-License-Identifier: MIT OR Apache-2.0
// Usage: main.mjs FOLDER: checks tools/deploy/kubernetes or a copy of it, and prints findings.
// Variables: NODE_MODULES, WORKER_COMMAND, BARS (docs/bars.md), SCRATCH (an empty folder).
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { linkClaims } from './claims_links.mjs';
import { podClaims } from './claims_pods.mjs';
import { scalerClaims } from './claims_scalers.mjs';
import { readObjects, readSets } from './files.mjs';
import { workloadsOf } from './objects.mjs';
import { askProgram } from './program.mjs';
import { checkTypes } from './types.mjs';

const { NODE_MODULES, WORKER_COMMAND, BARS, SCRATCH } = process.env;
const folder = process.argv[2];
const SECRETS = 'secrets.example.yaml';
const require = createRequire(`${NODE_MODULES}/`);
const findings = new Map(); // a finding: where it was found

const report = (finding, from) => findings.set(finding, [...(findings.get(finding) ?? []), from]);

// The largest resident memory, in bytes, of the row worker-memory.
function residentMemory() {
    const row = /^\| `worker-memory`:.*?\| *([0-9.; ]+) MiB/m.exec(fs.readFileSync(BARS, 'utf8'));
    return Math.max(...row[1].split(';').map(Number)) * 2 ** 20;
}

function checkClaims({ namespace, sets }, secrets, program) {
    const images = sets.flatMap(({ objects }) => workloadsOf(objects).map(({ container }) => container.image));
    for (const { from, objects } of sets) {
        const set = { objects, namespace, secrets, program, images, resident: residentMemory() };
        for (const claim of [...podClaims, ...linkClaims, ...scalerClaims])
            for (const finding of claim(set)) report(finding, from);
    }
}

async function checkObjects(sets, secrets) {
    const distinct = new Map();
    for (const { from, objects } of [...sets, { from: SECRETS, objects: secrets }])
        for (const object of objects) distinct.set(JSON.stringify(object), { from, object });
    for (const finding of await checkTypes(require('typescript'), NODE_MODULES, SCRATCH, [...distinct.values()]))
        report(finding, 'types');
    return distinct.size;
}

let files, secrets;
try {
    files = readSets(require('yaml'), folder);
    secrets = readObjects(require('yaml'), path.join(folder, SECRETS));
} catch (error) {
    console.log(error.message);
    process.exit(1);
}
const program = await askProgram(WORKER_COMMAND, SCRATCH);
try {
    checkClaims(files, secrets, program);
} catch (error) {
    // an object without a field that a claim reads; checkObjects says which
    report(error.stack, 'claims');
}
// Types take most of the time, so they are left out where a claim has failed.
let count = 0;
if ([...findings.values()].flat().every((from) => from === 'claims')) count = await checkObjects(files.sets, secrets);
for (const scheme of program.absent) console.log(`this build has no broker ${scheme}: its URL is not checked`);
for (const [finding, places] of findings) console.log(`${finding} [${places.join(', ')}]`);
console.log(`${files.sets.length} sets, ${count} objects of published types, ${findings.size} findings`);
process.exit(findings.size > 0 ? 1 : 0);
