// SPDX-License-Identifier: MIT OR Apache-2.0
// The files of tools/deploy/kubernetes, and the sets of objects that they are for.
import fs from 'node:fs';
import path from 'node:path';

export const nameOf = (object) => `${object.kind} ${object.metadata?.name}`;

// The objects of a file of YAML 1.1, the version that kubectl reads.
export function readObjects(yaml, file) {
    return yaml.parseAllDocuments(fs.readFileSync(file, 'utf8'), { version: '1.1' }).map((document) => {
        if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0].message}`);
        const object = document.toJS();
        if (object === null || typeof object !== 'object' || !object.kind)
            throw new Error(`${file}: a document without a kind`);
        return object;
    });
}

// A patch of a Deployment: fields of the pods that the Deployment does not have, since lists would be merged by rules.
function patched(objects, patch) {
    return objects.map((object) => {
        if (nameOf(object) !== nameOf(patch)) return object;
        const copy = structuredClone(object),
            pod = copy.spec.template.spec;
        for (const [key, value] of Object.entries(patch.spec.template.spec)) {
            if (key in pod) throw new Error(`spot.yaml replaces ${key} (allowed: fields that deployment.yaml does not have)`);
            pod[key] = value;
        }
        return copy;
    });
}

// { from, objects }: what each of the files is applied with. Throws where a file is missing, unknown or of no use.
export function readSets(yaml, folder) {
    const read = (name) => readObjects(yaml, path.join(folder, name));
    const [kustomization] = read('kustomization.yaml');
    const keys = Object.keys(kustomization).join();
    if (keys !== 'apiVersion,kind,namespace,resources') throw new Error(`kustomization.yaml has the keys ${keys}`);
    const base = kustomization.resources.map((name) => ({ name, objects: read(name) }));
    const others = ['keda.yaml', 'job.yaml', 'cronjob.yaml', 'spot.yaml'];
    const known = ['kustomization.yaml', 'secrets.example.yaml', ...others, ...kustomization.resources];
    for (const entry of fs.readdirSync(folder, { recursive: true }))
        if (!known.includes(entry)) throw new Error(`nothing uses the file ${entry}`);
    const without = (left) => base.filter(({ name }) => name !== left).flatMap(({ objects }) => objects);
    const sets = [
        { from: 'kustomization.yaml', objects: without() },
        { from: 'keda.yaml', objects: [...without('hpa.yaml'), ...read('keda.yaml')] },
        ...['job.yaml', 'cronjob.yaml'].map((from) => ({ from, objects: [...without(), ...read(from)] })),
        { from: 'spot.yaml', objects: patched(without(), read('spot.yaml')[0]) },
    ];
    // kustomize gives every object the namespace, and kubectl -n the others.
    for (const { from, objects } of sets)
        for (const object of objects)
            if (object.metadata.namespace) throw new Error(`${from}: ${nameOf(object)} has a namespace of its own`);
    return { namespace: kustomization.namespace, sets };
}
