// SPDX-License-Identifier: MIT OR Apache-2.0
// Asks filch-worker: which variables it reads, what a configuration amounts to, and which paths it answers.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

// The variables of the configuration table, which `--help=markdown` prints.
function variablesOf(command) {
    const variables = new Set(['FILCH_SERVICE_CONFIG', 'OTEL_SERVICE_NAME']);
    const tables = execFileSync(command, ['--help=markdown'], { encoding: 'utf8' });
    for (const row of tables.split('\n\n')[0].split('\n').slice(2)) {
        const [, key, , , alias, file] = row.split('|').map((cell) => cell.trim().replaceAll('`', ''));
        for (const name of [`FILCH_SERVICE_${key.toUpperCase().replaceAll('-', '_')}`, alias].filter(Boolean)) {
            variables.add(name);
            if (file === 'yes') variables.add(`${name}_FILE`);
        }
    }
    return variables;
}

// The statuses that a worker on the memory broker answers with, by path.
async function statusesOf(command, paths) {
    const words = ['--pdeathsig', 'KILL', command, '--broker', 'memory:', '--health-port', '0'];
    const worker = spawn('setpriv', words, { stdio: ['ignore', 'ignore', 'pipe'], env: {} });
    const statuses = {};
    try {
        for await (const line of readline.createInterface({ input: worker.stderr })) {
            const record = JSON.parse(line);
            if (record.message === 'HTTP endpoints listen') statuses.port = record.port;
            if (record.connection !== 'consume') continue;
            for (const one of paths) statuses[one] = (await fetch(`http://127.0.0.1:${statuses.port}${one}`)).status;
            break;
        }
    } finally {
        worker.kill('SIGKILL');
    }
    return statuses;
}

export async function askProgram(command, scratch) {
    const schemes = execFileSync(command, ['--brokers'], { encoding: 'utf8' }).matchAll(/schemes of URLs: (.*)/g);
    const program = {
        variables: variablesOf(command),
        schemes: new Set([...schemes].flatMap(([, names]) => names.split(' '))),
        absent: new Set(), // schemes of brokers that this build lacks
        statuses: await statusesOf(command, ['/health', '/ready', '/metrics', '/elsewhere']),
    };
    // What the program makes of variables and mounted files: { error, values }. The memory broker stands for
    // one that this build lacks.
    const ask = (variables, files) => {
        const root = fs.mkdtempSync(path.join(scratch, 'pod.'));
        const env = {};
        for (const [file, text] of Object.entries(files)) {
            fs.mkdirSync(path.dirname(root + file), { recursive: true });
            fs.writeFileSync(root + file, text, { mode: 0o440 });
        }
        for (const [name, value] of Object.entries(variables)) {
            const url = files[value] ?? value;
            const scheme = name.startsWith('FILCH_SERVICE_BROKER') ? url.split(':')[0] : 'memory';
            if (program.schemes.has(scheme)) {
                env[name] = value in files ? root + value : value;
            } else {
                program.absent.add(scheme);
                env.FILCH_SERVICE_BROKER = 'memory:';
            }
        }
        const { status, stdout, stderr } = spawnSync(command, ['--check-config'], { env, encoding: 'utf8' });
        const values = Object.fromEntries(
            [...stdout.matchAll(/^(\S+) +(.*) \([^)]*\)$/gm)].map(([, key, value]) => [key, value]),
        );
        return { error: status === 0 ? undefined : stderr.trim(), values };
    };
    const answers = new Map();
    program.configuration = (...pod) => {
        const key = JSON.stringify(pod);
        if (!answers.has(key)) answers.set(key, ask(...pod));
        return answers.get(key);
    };
    return program;
}
