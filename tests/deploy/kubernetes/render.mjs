// SPDX-License-Identifier: MIT OR Apache-2.0
// Usage: render.mjs FOLDER: prints the objects of an overlay as JSON. Variable: NODE_MODULES.
import { createRequire } from 'node:module';
import { render } from './kustomize.mjs';

const yaml = createRequire(`${process.env.NODE_MODULES}/`)('yaml');
console.log(JSON.stringify(render(yaml, process.argv[2], new Set())));
