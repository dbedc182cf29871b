// SPDX-License-Identifier: MIT OR Apache-2.0
// Usage: main.mjs kustomize FOLDER | rendered FILE...: checks each overlay of FOLDER, or rendered files, and prints findings.
// Variables: NODE_MODULES, WORKER_COMMAND, BARS (docs/bars.md), SECRETS (the file with the Secrets), SCRATCH (an empty folder).
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { linkClaims } from './claims_links.mjs';
import { podClaims } from './claims_pods.mjs';
import { nameOf, readObjects, render } from './kustomize.mjs';
import { workloadsOf } from './objects.mjs';
import { askProgram } from './program.mjs';
import { checkTypes } from './types.mjs';

const { NODE_MODULES, WORKER_COMMAND, BARS, SECRETS, SCRATCH } = process.env;
const require = createRequire(`${NODE_MODULES}/`);
const yaml = require('yaml');
const findings = new Map(); // a finding: where it was found

const report = (finding, from) => findings.set(finding, [...(findings.get(finding) ?? []), from]);

// The largest resident memory, in bytes, of the row worker-memory.
function residentMemory() {
    const row = /^\| `worker-memory`:.*?\| *([0-9.; ]+) MiB/m.exec(fs.readFileSync(BARS, 'utf8'));
    return Math.max(...row[1].split(';').map(Number)) * 2 ** 20;
}

// The order of lists of objects is not compared: a patch of kustomize moves the items that it changes.
function sorted(value) {
    if (value === null || typeof value !== 'object') return value;
    if (!Array.isArray(value))
        return Object.fromEntries(
            Object.keys(value)
                .sort()
                .map((key) => [key, sorted(value[key])]),
        );
    const items = value.map(sorted);
    return items.some((one) => typeof one === 'object')
        ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
        : items;
}

// Compares with kubectl, where it can be run.
function compare(folder, objects) {
    const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
    if (status !== 0) return report(`kubectl kustomize: ${stderr}`, folder);
    const file = path.join(SCRATCH, `kubectl.${path.basename(folder)}.yaml`);
    fs.writeFileSync(file, stdout);
    const theirs = new Map(readObjects(yaml, file).map((object) => [nameOf(object), object]));
    for (const object of objects)
        if (!isDeepStrictEqual(sorted(theirs.get(nameOf(object))), sorted(object)))
            report(
                `${nameOf(object)}: kubectl kustomize renders it otherwise: ${JSON.stringify(theirs.get(nameOf(object)))}`,
                folder,
            );
    if (theirs.size !== objects.length)
        report(`kubectl kustomize renders ${theirs.size} objects, not ${objects.length}`, folder);
}

function compareAll(folder, sets) {
    if (spawnSync('kubectl', ['version', '--client']).status !== 0)
        console.log('kubectl not found: overlays are rendered by tests/deploy/kubernetes/kustomize.mjs alone');
    else for (const { from, objects } of sets) compare(path.join(folder, from), objects);
}

function renderAll(folder) {
    const used = new Set([path.resolve(SECRETS)]);
    const folders = ['base', ...fs.readdirSync(path.join(folder, 'overlays')).map((name) => `overlays/${name}`)];
    const sets = folders.map((from) => ({ from, objects: render(yaml, path.join(folder, from), used) }));
    for (const entry of fs.readdirSync(folder, { recursive: true }))
        if (entry.endsWith('.yaml') && !used.has(path.resolve(folder, entry)))
            report('no overlay uses this file', entry);
    return sets;
}

function checkClaims(sets, program) {
    const base = render(yaml, path.join(path.dirname(SECRETS), 'base'), new Set());
    const images = [base, ...sets.map(({ objects }) => objects)].flatMap((objects) =>
        workloadsOf(objects).map(({ container }) => container.image),
    );
    for (const { from, objects } of sets) {
        const set = { objects, secrets, program, images, resident: residentMemory() };
        for (const claim of [...podClaims, ...linkClaims]) for (const finding of claim(set)) report(finding, from);
    }
}

async function checkObjects(sets) {
    const distinct = new Map();
    for (const { from, objects } of [...sets, { from: SECRETS, objects: secrets }])
        for (const object of objects) distinct.set(JSON.stringify(object), { from, object });
    for (const finding of await checkTypes(require('typescript'), NODE_MODULES, SCRATCH, [...distinct.values()]))
        report(finding, 'types');
    return distinct.size;
}

const [mode, ...args] = process.argv.slice(2);
let secrets, sets;
try {
    secrets = readObjects(yaml, SECRETS);
    sets = mode === 'kustomize' ? renderAll(args[0]) : args.map((from) => ({ from, objects: readObjects(yaml, from) }));
} catch (error) {
    console.log(error.message);
    process.exit(1);
}
const program = await askProgram(WORKER_COMMAND, SCRATCH);
try {
    checkClaims(sets, program);
} catch (error) {
    // an object without a field that a claim reads; checkObjects says which
    report(error.stack, 'claims');
}
// Types take most of the time, so they are left out where a claim has failed.
let count = 0;
if ([...findings.values()].flat().every((from) => from === 'claims')) {
    count = await checkObjects(sets);
    if (mode === 'kustomize') compareAll(args[0], sets);
}
for (const scheme of program.absent) console.log(`this build has no broker ${scheme}: its URL is not checked`);
for (const [finding, places] of findings) console.log(`${finding} [${places.join(', ')}]`);
console.log(`${sets.length} renderings, ${count} objects of published types, ${findings.size} findings`);
process.exit(findings.size > 0 ? 1 : 0);
