// SPDX-License-Identifier: MIT OR Apache-2.0
// Claims about objects that belong together: selectors and labels, ports, network policies, scalers and their targets.
import { dataOf, filesOf, find, ofKind, selects, variablesOf, workloadsOf } from './objects.mjs';
import { nameOf } from './kustomize.mjs';

// The metadata that KEDA's scalers read (keda.sh/docs 2.14, "Scalers"), the parameters that a TriggerAuthentication has to
// give, and the name of the queue in the metadata.
const SCALERS = {
    rabbitmq: {
        required: ['protocol', 'queueName', 'mode', 'value'],
        optional: ['activationValue', 'vhostName', 'excludeUnacknowledged', 'timeout'],
        given: ['host', 'tls'],
        queue: ({ queueName }) => queueName,
    },
    kafka: {
        required: ['bootstrapServers', 'consumerGroup', 'topic', 'lagThreshold'],
        optional: ['activationLagThreshold', 'offsetResetPolicy', 'excludePersistentLag', 'limitToPartitionsWithLag', 'version'],
        given: ['sasl', 'tls', 'username', 'password'],
        queue: ({ topic }) => topic,
    },
    'aws-sqs-queue': {
        required: ['queueURL', 'queueLength', 'awsRegion'],
        optional: ['activationQueueLength', 'awsEndpoint', 'scaleOnInFlight', 'scaleOnDelayed'],
        given: [],
        queue: ({ queueURL }) => queueURL.split('/').pop(),
    },
};

function* namespaces({ objects }) {
    const [namespace] = ofKind(objects, 'Namespace');
    const expected = namespace ? namespace.metadata.name : objects[0].metadata.namespace;
    for (const object of objects)
        if (object !== namespace && (!expected || object.metadata.namespace !== expected))
            yield `${nameOf(object)}: namespace ${object.metadata.namespace} (has to be ${expected})`;
    const names = objects.map(nameOf);
    for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) yield `${name} exists twice`;
}

function* selectors({ objects }) {
    const workloads = workloadsOf(objects);
    const selected = (matchLabels) =>
        workloads.filter(({ labels }) => selects(matchLabels, labels)).map(({ name }) => name);
    const expect = function* (name, matchLabels, expected) {
        if (selected(matchLabels).join() !== expected)
            yield `${name}: selector ${JSON.stringify(matchLabels)} selects ${selected(matchLabels).join() || 'no pods'} (has to be ${expected})`;
    };
    for (const object of ofKind(objects, 'Deployment'))
        yield* expect(nameOf(object), object.spec.selector.matchLabels, nameOf(object));
    for (const object of ofKind(objects, 'Service'))
        yield* expect(nameOf(object), object.spec.selector, `Deployment ${object.metadata.name}`);
    for (const object of ofKind(objects, 'PodDisruptionBudget'))
        yield* expect(nameOf(object), object.spec.selector.matchLabels, `Deployment ${object.metadata.name}`);
}

function* ports(set) {
    for (const { name, container, annotations } of workloadsOf(set.objects)) {
        const { variables } = variablesOf(set, container),
            port = Number(variables.FILCH_SERVICE_HEALTH_PORT);
        const ports = container.ports ?? [];
        for (const one of ports)
            if (one.containerPort !== port)
                yield `${name}: container port ${one.containerPort} is not FILCH_SERVICE_HEALTH_PORT ${port}`;
        for (const probe of ['livenessProbe', 'readinessProbe']) {
            const asked = container[probe]?.httpGet.port;
            if (asked !== undefined && !ports.some((one) => one.name === asked || one.containerPort === asked))
                yield `${name}: ${probe} asks port ${asked}, which the container does not have`;
        }
        if (ports.length > 0 && variables.FILCH_SERVICE_HEALTH_ADDRESS !== '0.0.0.0')
            yield `${name}: FILCH_SERVICE_HEALTH_ADDRESS ${variables.FILCH_SERVICE_HEALTH_ADDRESS} is out of reach for probes (has to be 0.0.0.0)`;
        const scraped = annotations['prometheus.io/port'];
        if (scraped !== undefined && scraped !== String(port))
            yield `${name}: prometheus.io/port ${scraped} is not ${port}`;
    }
    for (const service of ofKind(set.objects, 'Service'))
        for (const { targetPort } of service.spec.ports)
            for (const { name, labels, container } of workloadsOf(set.objects))
                if (
                    selects(service.spec.selector, labels) &&
                    !(container.ports ?? []).some((one) => one.name === targetPort || one.containerPort === targetPort)
                )
                    yield `${nameOf(service)}: port ${targetPort} does not exist in ${name}`;
}

// The ports that rules open, as "TCP 53". Rules without peers or ports are refused by the claim `policies`.
const openPorts = (rules, isPeer) =>
    new Set(
        (rules ?? [])
            .filter(({ from, to }) => (from ?? to).some(isPeer))
            .flatMap((rule) => rule.ports.map(({ protocol, port }) => `${protocol} ${port}`)),
    );

// Of brokers, by the scheme of URLs: plain and with TLS.
const BROKER_PORTS = { amqp: [5672, 5671], amqps: [5672, 5671], kafka: [9092, 9093], 'kafka+tls': [9092, 9093], sqs: [443] };

// The ports of a pod's broker: those of its kind, and the one that its URL names.
function brokerPorts(set, { pod, container }) {
    const { variables } = variablesOf(set, container),
        { files } = filesOf(set, pod, container);
    const url = variables.FILCH_SERVICE_BROKER ?? files[variables.FILCH_SERVICE_BROKER_FILE] ?? '';
    const [, scheme, port] = /^([a-z+]+):(?:\/\/[^/]*?:([0-9]+)(?:\/|$))?/.exec(url) ?? [];
    const ports = [...(BROKER_PORTS[scheme] ?? []), ...(port ? [port] : [])];
    return ports.length > 0 ? ports.map((one) => `TCP ${one}`) : ['a port, since there is no URL'];
}

function* policies(set) {
    const policies = ofKind(set.objects, 'NetworkPolicy');
    for (const policy of policies)
        for (const rule of [...(policy.spec.ingress ?? []), ...(policy.spec.egress ?? [])])
            if (!(rule.from ?? rule.to)?.length || !rule.ports?.length)
                yield `${nameOf(policy)}: a rule without peers or ports admits everything`;
    for (const workload of workloadsOf(set.objects)) {
        const own = policies.filter(({ spec }) => selects(spec.podSelector.matchLabels, workload.labels));
        for (const type of ['Ingress', 'Egress'])
            if (!own.some(({ spec }) => spec.policyTypes.includes(type)))
                yield `${workload.name}: no NetworkPolicy restricts ${type}`;
        const ingress = own.flatMap(({ spec }) => spec.ingress ?? []),
            egress = own.flatMap(({ spec }) => spec.egress ?? []);
        const isDns = (peer) => peer.namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] === 'kube-system';
        const health = `TCP ${variablesOf(set, workload.container).variables.FILCH_SERVICE_HEALTH_PORT}`;
        const needed = [
            ['DNS', openPorts(egress, isDns), ['UDP 53', 'TCP 53']],
            ['the broker', openPorts(egress, (peer) => !isDns(peer)), brokerPorts(set, workload)],
            ['Prometheus', openPorts(ingress, (peer) => peer.podSelector), [health]],
            ['the probes of kubelets', openPorts(ingress, (peer) => peer.ipBlock), [health]],
        ];
        for (const [peer, open, wanted] of needed)
            for (const port of wanted)
                if (!open.has(port)) yield `${workload.name}: its network policies do not admit ${port} for ${peer}`;
    }
}

// Scalers of all kinds: { object, target, least, most }.
const scalersOf = (objects) =>
    [
        ...ofKind(objects, 'HorizontalPodAutoscaler').map((object) => ({
            object,
            least: object.spec.minReplicas,
            most: object.spec.maxReplicas,
        })),
        ...ofKind(objects, 'ScaledObject').map((object) => ({
            object,
            least: object.spec.minReplicaCount,
            most: object.spec.maxReplicaCount,
        })),
    ].map((scaler) => ({ ...scaler, target: scaler.object.spec.scaleTargetRef }));

function* scalers(set) {
    const taken = new Map();
    for (const { object, target, least, most } of scalersOf(set.objects)) {
        const name = nameOf(object),
            workload = find(set.objects, target.kind, target.name);
        if (!workload || workload.apiVersion !== target.apiVersion)
            yield `${name}: target ${target.kind} ${target.name} does not exist`;
        if (taken.has(target.name))
            yield `${name}: ${target.name} is also scaled by ${taken.get(target.name)} (HPA or KEDA, never both)`;
        taken.set(target.name, name);
        if (workload?.spec.replicas !== undefined)
            yield `${name}: replicas of ${target.name} would come back with each apply (has to be absent)`;
        if (!(least <= most)) yield `${name}: at least ${least} and at most ${most} workers`;
    }
    for (const object of ofKind(set.objects, 'ScaledObject'))
        for (const trigger of object.spec.triggers) yield* triggers(set, object, trigger);
}

function* triggers(set, object, { type, metadata, authenticationRef }) {
    const name = `${nameOf(object)}: trigger ${type}`,
        scaler = SCALERS[type];
    if (!scaler) {
        yield `${name} is unknown (valid: ${Object.keys(SCALERS).join(', ')})`;
        return;
    }
    const { required, optional, given, queue } = scaler;
    for (const key of Object.keys(metadata))
        if (![...required, ...optional].includes(key)) yield `${name}: unknown or deprecated metadata ${key}`;
    for (const key of required) if (!(key in metadata)) yield `${name}: metadata ${key} is missing`;
    const authentication = find(set.objects, 'TriggerAuthentication', authenticationRef?.name);
    if (!authentication) yield `${name}: TriggerAuthentication ${authenticationRef?.name} does not exist`;
    const parameters = (authentication?.spec.secretTargetRef ?? []).map(({ parameter }) => parameter);
    for (const parameter of given)
        if (!parameters.includes(parameter)) yield `${name}: TriggerAuthentication does not give ${parameter}`;
    const workload = workloadsOf(set.objects).find(
        (one) => one.object.metadata.name === object.spec.scaleTargetRef.name,
    );
    const queues = workload
        ? (variablesOf(set, workload.container).variables.FILCH_SERVICE_QUEUES ?? '').split(',')
        : [];
    if (!queues.includes(queue(metadata)))
        yield `${name}: queue ${queue(metadata)} is not served by ${workload?.name} (FILCH_SERVICE_QUEUES: ${queues})`;
}

// Evictions have to be possible with the least number of workers, or nodes cannot be drained.
function* disruptions(set) {
    for (const { metadata, spec } of ofKind(set.objects, 'PodDisruptionBudget')) {
        const scaler = scalersOf(set.objects).find(({ target }) => target.name === metadata.name);
        const least = scaler ? scaler.least : find(set.objects, 'Deployment', metadata.name)?.spec.replicas;
        if (spec.minAvailable === undefined ? !(spec.maxUnavailable >= 1) : !(spec.minAvailable < least))
            yield `PodDisruptionBudget ${metadata.name}: no eviction is possible with ${least} workers (minAvailable ${spec.minAvailable})`;
    }
    if (ofKind(set.objects, 'PodDisruptionBudget').length === 0) yield 'no PodDisruptionBudget';
}

// The service account has no rights, and the worker asks for none.
function* rights({ objects }) {
    for (const object of objects)
        if (/^(Cluster)?Role(Binding)?$/.test(object.kind))
            yield `${nameOf(object)}: filch-worker makes no request to the API server`;
    for (const object of ofKind(objects, 'ServiceAccount'))
        if (object.automountServiceAccountToken !== false)
            yield `${nameOf(object)}: automountServiceAccountToken is not false`;
}

export const linkClaims = [namespaces, selectors, ports, policies, scalers, disruptions, rights];
