// SPDX-License-Identifier: MIT OR Apache-2.0
// Renders the part of kustomize that tools/deploy/kubernetes uses, so that its files are checked where kubectl is missing.
// Keys, lists and patches beyond that part are refused: add them here, and compare with `kubectl kustomize`.
import fs from 'node:fs';
import path from 'node:path';

const KEYS = ['apiVersion', 'kind', 'namespace', 'nameSuffix', 'labels', 'resources', 'patches'];
// The lists of core types that a strategic merge patch merges by a key; others that patches use replace the former list.
// (Kubernetes API reference, "patch merge key".) Lists of custom resources are replaced.
const MERGED = { containers: 'name', volumes: 'name', volumeMounts: 'mountPath', env: 'name' };
const REPLACED = ['tolerations'];
const WITHOUT_NAMESPACE = ['Namespace'];

const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
export const nameOf = (object) => `${object.kind} ${object.metadata?.name}`;

function parse(yaml, file) {
    return yaml.parseAllDocuments(fs.readFileSync(file, 'utf8'), { version: '1.1' }).map((document) => {
        if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0].message}`);
        const object = document.toJS();
        if (!isMap(object) || !object.kind) throw new Error(`${file}: a document without a kind`);
        return object;
    });
}

// The objects of a file of YAML 1.1, the version that kubectl reads. A file is parsed once, and each caller gets a copy.
const parsed = new Map();
export function readObjects(yaml, file) {
    if (!parsed.has(file)) parsed.set(file, parse(yaml, file));
    return structuredClone(parsed.get(file));
}

function mergeList(former, patch, key, custom) {
    const by = custom ? undefined : MERGED[key];
    if (by === undefined) {
        if (!custom && patch.some(isMap) && !REPLACED.includes(key))
            throw new Error(`a patch of the list ${key} (allowed: ${Object.keys(MERGED)}, ${REPLACED})`);
        return patch;
    }
    const merged = [...former];
    for (const item of patch) {
        const at = merged.findIndex((other) => other[by] === item[by]);
        if (item.$patch === 'delete') {
            if (at < 0) throw new Error(`a patch deletes ${key} ${item[by]}, which does not exist`);
            merged.splice(at, 1);
        } else if (at < 0) merged.unshift(item);
        else merged[at] = merge(merged[at], item, custom);
    }
    return merged;
}

function merge(former, patch, custom) {
    const merged = { ...former };
    for (const [key, value] of Object.entries(patch)) {
        if (value === null) delete merged[key];
        else if (Array.isArray(value)) merged[key] = mergeList(former[key] ?? [], value, key, custom);
        else if (isMap(value)) merged[key] = merge(former[key] ?? {}, value, custom);
        else merged[key] = value;
        if (Array.isArray(merged[key]) && merged[key].length === 0) delete merged[key];
    }
    return merged;
}

function patched(objects, patch) {
    const at = objects.findIndex(
        (object) => nameOf(object) === nameOf(patch) && object.apiVersion === patch.apiVersion,
    );
    if (at < 0) throw new Error(`a patch of ${nameOf(patch)}, which does not exist`);
    const merged = merge(objects[at], patch, patch.apiVersion.startsWith('keda.sh/'));
    return objects.map((object, i) => (i === at ? merged : object));
}

// Labels with includeSelectors, of a Deployment: its own, the pods', and each selector of these pods.
function labelled(object, pairs) {
    if (object.kind !== 'Deployment') throw new Error(`labels of ${nameOf(object)} (allowed: of a Deployment)`);
    const { selector, template } = object.spec;
    const terms = template.spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const selectors = [
        selector,
        ...terms.map((term) => term.podAffinityTerm.labelSelector),
        ...(template.spec.topologySpreadConstraints ?? []).map((constraint) => constraint.labelSelector),
    ];
    for (const one of selectors) Object.assign(one.matchLabels, pairs);
    for (const one of [object, template]) Object.assign(one.metadata.labels, pairs);
}

// The objects of a folder with a kustomization.yaml. `used` collects the files that were read.
export function render(yaml, folder, used) {
    const read = (name) => {
        const file = path.resolve(folder, name);
        used.add(file);
        return readObjects(yaml, file);
    };
    const [kustomization] = read('kustomization.yaml');
    const unknown = Object.keys(kustomization).filter((key) => !KEYS.includes(key));
    if (unknown.length > 0) throw new Error(`${folder}: unknown key ${unknown[0]} (valid: ${KEYS.join(', ')})`);
    let objects = (kustomization.resources ?? []).flatMap((name) =>
        fs.statSync(path.join(folder, name)).isDirectory() ? render(yaml, path.join(folder, name), used) : read(name),
    );
    for (const patch of kustomization.patches ?? []) {
        if (Object.keys(patch).join() !== 'path') throw new Error(`${folder}: a patch has to be a path`);
        for (const part of read(patch.path)) objects = patched(objects, part);
    }
    for (const object of objects) {
        object.metadata.name += kustomization.nameSuffix ?? '';
        if (kustomization.namespace && !WITHOUT_NAMESPACE.includes(object.kind))
            object.metadata.namespace = kustomization.namespace;
        for (const label of kustomization.labels ?? []) {
            if (label.includeSelectors !== true) throw new Error(`${folder}: labels without includeSelectors`);
            labelled(object, label.pairs);
        }
    }
    return objects;
}
