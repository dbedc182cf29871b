// SPDX-License-Identifier: MIT OR Apache-2.0
// Claims about objects that belong together: selectors and labels, ports, network policies, scalers and their targets.
import { filesOf, ofKind, selects, variablesOf, workloadsOf } from './objects.mjs';
import { nameOf } from './files.mjs';

function* namespaces({ objects, namespace }) {
    const [object] = ofKind(objects, 'Namespace');
    if (object?.metadata.name !== namespace) yield `Namespace ${object?.metadata.name} (has to be ${namespace})`;
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
        for (const { port, targetPort } of service.spec.ports)
            for (const { name, labels, container } of workloadsOf(set.objects)) {
                if (!selects(service.spec.selector, labels)) continue;
                const target = (container.ports ?? []).find(
                    (one) => one.name === targetPort || one.containerPort === targetPort,
                );
                if (!target) yield `${nameOf(service)}: port ${targetPort} does not exist in ${name}`;
                else if (port !== target.containerPort)
                    yield `${nameOf(service)}: port ${port} is not that of ${name}, ${target.containerPort}`;
            }
}

// The ports that rules open, as "TCP 53". Rules without peers or ports are refused by the claim `policies`.
const openPorts = (rules, isPeer) =>
    new Set(
        (rules ?? [])
            .filter(({ from, to }) => (from ?? to).some(isPeer))
            .flatMap((rule) => rule.ports.map(({ protocol, port }) => `${protocol} ${port}`)),
    );

// Of brokers, by the scheme of URLs: plain and with TLS.
const BROKER_PORTS = { amqp: [5672, 5671], amqps: [5672, 5671] };

// Networks of one organisation (RFC 1918).
const PRIVATE = /^(10|172\.(1[6-9]|2[0-9]|3[01])|192\.168)\./;

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
    for (const policy of policies)
        for (const { from } of policy.spec.ingress ?? [])
            for (const { ipBlock, podSelector } of from ?? [])
                if (ipBlock ? !PRIVATE.test(ipBlock.cidr) : !Object.keys(podSelector?.matchLabels ?? {}).length)
                    yield `${nameOf(policy)}: ${JSON.stringify(ipBlock ?? podSelector)} may reach the health port (allowed: private networks, pods by label)`;
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

// The service account has no rights, and the worker asks for none.
function* rights({ objects }) {
    for (const object of objects)
        if (/^(Cluster)?Role(Binding)?$/.test(object.kind))
            yield `${nameOf(object)}: filch-worker makes no request to the API server`;
    for (const object of ofKind(objects, 'ServiceAccount'))
        if (object.automountServiceAccountToken !== false)
            yield `${nameOf(object)}: automountServiceAccountToken is not false`;
}

export const linkClaims = [namespaces, selectors, ports, policies, rights];
