// SPDX-License-Identifier: MIT OR Apache-2.0
// What claims about rendered objects have in common: workloads, labels, quantities, references.
import { nameOf } from './files.mjs';

const TEMPLATES = {
    Deployment: (object) => object.spec.template,
    Job: (object) => object.spec.template,
    CronJob: (object) => object.spec.jobTemplate.spec.template,
};

export const find = (objects, kind, name) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name);
export const ofKind = (objects, kind) => objects.filter((object) => object.kind === kind);

// The objects with pods: { name, object, labels, annotations, pod, container }.
export function workloadsOf(objects) {
    return objects
        .filter((object) => object.kind in TEMPLATES)
        .map((object) => {
            const { metadata, spec: pod } = TEMPLATES[object.kind](object);
            return {
                name: nameOf(object),
                object,
                labels: metadata.labels ?? {},
                annotations: metadata.annotations ?? {},
                pod,
                container: pod.containers[0],
            };
        });
}

// A selector without labels selects everything in a NetworkPolicy, and is a fault elsewhere.
export const selects = (matchLabels, labels) =>
    Object.keys(matchLabels ?? {}).length > 0 &&
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value);

const UNITS = { '': 1, m: 1e-3, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };
export function quantity(text) {
    const [, number, unit] = /^([0-9.]+)(m|Ki|Mi|Gi|)$/.exec(text ?? '') ?? [];
    return Number(number) * UNITS[unit];
}

const SECONDS = { ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
export function seconds(text) {
    const [, number, unit] = /^([0-9.]+)(ms|s|m|h|d)$/.exec(text ?? '') ?? [];
    return Number(number) * SECONDS[unit];
}

// The keys of a ConfigMap or Secret, with their values; undefined if there is none.
export function dataOf({ objects, secrets }, kind, name) {
    const object = find(kind === 'Secret' ? secrets : objects, kind, name);
    return object && { ...object.data, ...object.stringData };
}

// The variables of a container that have values here, by name, and the references that cannot be followed.
export function variablesOf(set, container) {
    const variables = {},
        dangling = [];
    const take = (kind, name, key) => {
        const data = dataOf(set, kind, name);
        if (!data || (key && !(key in data))) dangling.push(`${kind} ${name}${key ? `, key ${key}` : ''}`);
        return data ?? {};
    };
    for (const { configMapRef, secretRef } of container.envFrom ?? [])
        Object.assign(variables, configMapRef ? take('ConfigMap', configMapRef.name) : take('Secret', secretRef.name));
    for (const { name, value, valueFrom } of container.env ?? []) {
        const { configMapKeyRef: map, secretKeyRef: secret } = valueFrom ?? {};
        variables[name] = map
            ? take('ConfigMap', map.name, map.key)[map.key]
            : secret
              ? take('Secret', secret.name, secret.key)[secret.key]
              : value;
    }
    return { variables, dangling };
}

// The files that Secrets and ConfigMaps put into a container, by path, and the references that cannot be followed.
export function filesOf(set, pod, container) {
    const files = {},
        dangling = [];
    for (const { name, mountPath } of container.volumeMounts ?? []) {
        const volume = (pod.volumes ?? []).find((one) => one.name === name);
        if (!volume) dangling.push(`volume ${name}`);
        const [kind, source] = volume?.secret
            ? ['Secret', volume.secret.secretName]
            : ['ConfigMap', volume?.configMap?.name];
        if (!source) continue;
        const data = dataOf(set, kind, source);
        if (!data) dangling.push(`${kind} ${source}`);
        for (const [key, value] of Object.entries(data ?? {})) files[`${mountPath}/${key}`] = value;
    }
    return { files, dangling };
}

// The configuration that filch-worker makes of a pod's variables and files.
export function configurationOf(set, { pod, container }) {
    return set.program.configuration(variablesOf(set, container).variables, filesOf(set, pod, container).files);
}
