// SPDX-License-Identifier: MIT OR Apache-2.0
// Claims about pods: what they refer to exists, their variables are those of filch-worker, limits and restrictions hold.
import { configurationOf, dataOf, filesOf, find, ofKind, quantity, seconds, selects, variablesOf, workloadsOf } from './objects.mjs';

const BODY = 16 * 2 ** 20; // bytes of the largest message that filch-worker accepts (docs/worker.md)
const VOLUMES = [
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
];

function* references(set) {
    for (const { name, pod, container } of workloadsOf(set.objects)) {
        const { dangling } = variablesOf(set, container),
            files = filesOf(set, pod, container);
        for (const one of [...dangling, ...files.dangling]) yield `${name}: ${one} does not exist`;
        for (const volume of pod.volumes ?? [])
            if (!(container.volumeMounts ?? []).some((mount) => mount.name === volume.name))
                yield `${name}: volume ${volume.name} is not mounted`;
        if (!find(set.objects, 'ServiceAccount', pod.serviceAccountName))
            yield `${name}: ServiceAccount ${pod.serviceAccountName} does not exist`;
    }
    for (const object of ofKind(set.objects, 'TriggerAuthentication'))
        for (const { name, key } of object.spec.secretTargetRef ?? [])
            if (!(key in (dataOf(set, 'Secret', name) ?? {})))
                yield `TriggerAuthentication ${object.metadata.name}: Secret ${name}, key ${key} does not exist`;
}

function* variables(set) {
    for (const workload of workloadsOf(set.objects)) {
        const { variables } = variablesOf(set, workload.container);
        const unknown = Object.keys(variables).filter((name) => !set.program.variables.has(name));
        for (const name of unknown)
            yield `${workload.name}: filch-worker does not read the variable ${name} (docs/worker.md lists the keys)`;
        const { files } = filesOf(set, workload.pod, workload.container);
        for (const [name, value] of Object.entries(variables))
            if (name.endsWith('_FILE') && !(value in files))
                yield `${workload.name}: ${name} ${value} is no file of a mounted Secret (mounted: ${Object.keys(files)})`;
        const { error } = configurationOf(set, workload);
        if (error) yield `${workload.name}: filch-worker refuses the configuration: ${error}`;
    }
}

// After preStop and the drain the process still needs time to answer the broker.
function* grace(set) {
    for (const workload of workloadsOf(set.objects)) {
        const { name, pod, container } = workload;
        const drain = seconds(configurationOf(set, workload).values['drain-timeout']);
        const pause = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
        if (!(pod.terminationGracePeriodSeconds >= pause + drain + 5))
            yield `${name}: terminationGracePeriodSeconds ${pod.terminationGracePeriodSeconds} is too short (at least preStop ${pause} + drain-timeout ${drain} + 5)`;
        if (!(drain >= 10)) yield `${name}: drain-timeout ${drain} cancels running jobs (at least 10 s)`;
        if (workload.object.kind === 'Deployment' && !(pause >= 5))
            yield `${name}: preStop does not wait until endpoints have changed (at least 5 s)`;
    }
}

function* memory(set) {
    for (const workload of workloadsOf(set.objects)) {
        const { requests = {}, limits = {} } = workload.container.resources ?? {};
        const bodies = 2 * Number(configurationOf(set, workload).values.width) * BODY; // running, and as many received ahead
        if (!(quantity(limits.memory) >= set.resident + bodies))
            yield `${workload.name}: memory limit ${limits.memory} is too small (measured ${set.resident / 2 ** 20} MiB + bodies of ${bodies / 2 ** 20} MiB)`;
        if (!(quantity(requests.memory) >= set.resident))
            yield `${workload.name}: memory request ${requests.memory} is too small (measured ${set.resident / 2 ** 20} MiB)`;
        for (const resource of ['memory', 'cpu'])
            if (!(quantity(requests[resource]) <= quantity(limits[resource])))
                yield `${workload.name}: ${resource} request exceeds its limit`;
    }
}

// The profile "restricted" of Pod Security Standards, and a root file system that cannot be written.
function* restricted(set) {
    for (const { name, pod, container } of workloadsOf(set.objects)) {
        const outer = pod.securityContext ?? {},
            inner = container.securityContext ?? {},
            capabilities = inner.capabilities ?? {};
        const holds = {
            'runAsNonRoot: true': (inner.runAsNonRoot ?? outer.runAsNonRoot) === true,
            'runAsUser: 65534': (inner.runAsUser ?? outer.runAsUser) === 65534,
            'seccompProfile: RuntimeDefault': (inner.seccompProfile ?? outer.seccompProfile)?.type === 'RuntimeDefault',
            'allowPrivilegeEscalation: false': inner.allowPrivilegeEscalation === false,
            'readOnlyRootFilesystem: true': inner.readOnlyRootFilesystem === true,
            'not privileged': inner.privileged !== true,
            'drop: [ALL]': (capabilities.drop ?? []).includes('ALL') && (capabilities.add ?? []).length === 0,
            'no namespaces of the host': !(pod.hostNetwork || pod.hostPID || pod.hostIPC),
            'no ports of the host': (container.ports ?? []).every((port) => !port.hostPort),
            'volumes of kinds without the host': (pod.volumes ?? []).every((volume) =>
                Object.keys(volume).every((key) => key === 'name' || VOLUMES.includes(key)),
            ),
            'no token of the API server': pod.automountServiceAccountToken === false,
            'one container': pod.containers.length === 1 && !pod.initContainers,
            'secrets of mode 0440': (pod.volumes ?? []).every(({ secret }) => !secret || secret.defaultMode === 0o440),
            'fsGroup: 65534, which may read them': outer.fsGroup === 65534,
        };
        for (const [rule, held] of Object.entries(holds))
            if (!held) yield `${name}: unsafe security context (has to be: ${rule})`;
    }
    for (const { metadata } of ofKind(set.objects, 'Namespace'))
        for (const mode of ['enforce', 'audit', 'warn'])
            if (metadata.labels?.[`pod-security.kubernetes.io/${mode}`] !== 'restricted')
                yield `Namespace ${metadata.name}: Pod Security label ${mode} is not restricted`;
}

// Liveness does not depend on the broker; readiness does.
const PATIENCE = 30; // seconds without an answer; a machine may be that slow for a moment
const PATHS = { livenessProbe: '/health', readinessProbe: '/ready' };

function* probes(set) {
    for (const { name, object, container, annotations } of workloadsOf(set.objects)) {
        for (const [probe, path] of Object.entries(PATHS)) {
            const get = container[probe]?.httpGet;
            if (!get && object.kind !== 'Deployment') continue;
            const { periodSeconds, timeoutSeconds, failureThreshold } = container[probe];
            if (!(timeoutSeconds <= periodSeconds))
                yield `${name}: ${probe} waits ${timeoutSeconds} s for an answer and asks each ${periodSeconds} s`;
            if (probe === 'livenessProbe' && !(periodSeconds * failureThreshold >= PATIENCE))
                yield `${name}: ${probe} kills after ${periodSeconds * failureThreshold} s (at least ${PATIENCE})`;
            if (get?.path !== path) yield `${name}: path of ${probe} is ${get?.path} (has to be ${path})`;
            if (set.program.statuses[path] !== 200)
                yield `filch-worker answers ${path} with ${set.program.statuses[path]}`;
        }
        const metrics = annotations['prometheus.io/path'];
        if (metrics && set.program.statuses[metrics] !== 200)
            yield `${name}: filch-worker does not answer prometheus.io/path ${metrics}`;
    }
    if (set.program.statuses['/elsewhere'] !== 404) yield `filch-worker answers any path`;
}

function* images(set) {
    const images = new Set([...set.images, ...workloadsOf(set.objects).map(({ container }) => container.image)]);
    if (images.size > 1) yield `different images: ${[...images].join(', ')}`;
    for (const image of images) if (!/:v[0-9.]+$/.test(image)) yield `image ${image} has no fixed version`;
}

// Labels that the kubelet sets (Kubernetes, "Well-Known Labels").
const TOPOLOGY = ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'];

function* spread(set) {
    for (const { name, object, labels, pod } of workloadsOf(set.objects)) {
        if (object.kind !== 'Deployment') continue;
        const terms = pod.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
        const selectors = [
            ...terms.map((term) => term.podAffinityTerm.labelSelector),
            ...(pod.topologySpreadConstraints ?? []).map((one) => one.labelSelector),
        ];
        for (const { topologyKey } of [...terms.map((term) => term.podAffinityTerm), ...(pod.topologySpreadConstraints ?? [])])
            if (!TOPOLOGY.includes(topologyKey)) yield `${name}: no node has the label ${topologyKey} (valid: ${TOPOLOGY.join(', ')})`;
        if (selectors.length < 2) yield `${name}: no anti-affinity or no topology spread`;
        for (const { matchLabels } of selectors)
            if (!selects(matchLabels, labels))
                yield `${name}: topology spread or anti-affinity selects other pods: ${JSON.stringify(matchLabels)}`;
        const { maxSurge, maxUnavailable } = object.spec.strategy?.rollingUpdate ?? {};
        if (maxUnavailable !== 0 || !(maxSurge >= 1))
            yield `${name}: a rolling update takes workers away before their successors are ready`;
    }
}

export const podClaims = [references, variables, grace, memory, restricted, probes, images, spread];
