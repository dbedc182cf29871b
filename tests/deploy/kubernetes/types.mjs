// SPDX-License-Identifier: MIT OR Apache-2.0
// Checks objects against the types that the packages kubernetes-models and @kubernetes-models/keda publish: the TypeScript
// declarations find unknown fields, and the validators wrong values, such as a quantity that does not parse.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { nameOf } from './files.mjs';

const moduleOf = ({ apiVersion }) =>
    `${apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models'}/${apiVersion}`;

function* typeErrors(ts, folder, objects) {
    const file = path.join(folder, 'objects.ts');
    const starts = [];
    let text = '';
    for (const [n, { from, object }] of objects.entries()) {
        starts.push({ at: text.length, what: `${from}: ${nameOf(object)}` });
        text += `import { I${object.kind} as T${n} } from ${JSON.stringify(moduleOf(object))};\n`;
        text += `export const o${n}: T${n} = ${JSON.stringify(object, null, 1)};\n`;
    }
    fs.writeFileSync(file, text);
    const program = ts.createProgram([file], {
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es5.d.ts'],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
    });
    for (const { start, messageText } of ts.getPreEmitDiagnostics(program))
        yield `${starts.findLast(({ at }) => at <= start).what}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
}

async function* valueErrors(modules, objects) {
    for (const { from, object } of objects) {
        const file = path.join(modules, moduleOf(object), 'index.js');
        if (!fs.existsSync(file)) continue; // then typeErrors reports it
        const Type = (await import(pathToFileURL(file)))[object.kind];
        try {
            if (Type) new Type(object).validate();
        } catch (error) {
            yield `${from}: ${nameOf(object)}: ${error.message}`;
        }
    }
}

// Findings about `objects`, an array of { from, object }. `folder` is empty; `modules` is a node_modules.
export async function checkTypes(ts, modules, folder, objects) {
    fs.symlinkSync(modules, path.join(folder, 'node_modules'));
    const findings = [...typeErrors(ts, folder, objects)];
    for await (const finding of valueErrors(modules, objects)) findings.push(finding);
    return findings;
}
