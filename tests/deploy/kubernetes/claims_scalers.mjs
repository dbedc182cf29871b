// SPDX-License-Identifier: MIT OR Apache-2.0
// Claims about what changes the number of workers: autoscalers, KEDA, evictions, and the timetables of CronJobs.
import { nameOf } from './files.mjs';
import { configurationOf, find, ofKind, seconds, variablesOf, workloadsOf } from './objects.mjs';

// The metadata that KEDA's scaler of RabbitMQ reads (keda.sh/docs 2.14, "Scalers"), and the parameters that a
// TriggerAuthentication has to give.
const RABBITMQ = {
    required: ['protocol', 'queueName', 'mode', 'value'],
    optional: ['activationValue', 'vhostName', 'excludeUnacknowledged', 'timeout'],
    given: ['host', 'tls'],
};
const METRIC = 'rabbitmq_queue_messages_ready'; // rabbitmq.com/docs/prometheus, /metrics/per-object

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
    for (const object of ofKind(set.objects, 'HorizontalPodAutoscaler'))
        for (const { external } of object.spec.metrics.filter(({ type }) => type === 'External')) {
            if (external.metric.name !== METRIC)
                yield `${nameOf(object)}: metric ${external.metric.name} (has to be ${METRIC}, of RabbitMQ's exporter)`;
            yield* served(set, object, external.metric.selector.matchLabels.queue);
        }
}

// A scaler of another queue would start workers for jobs that they do not take.
function* served(set, object, queue) {
    const { name } = object.spec.scaleTargetRef;
    const workload = workloadsOf(set.objects).find((one) => one.object.metadata.name === name);
    const queues = workload ? (variablesOf(set, workload.container).variables.FILCH_SERVICE_QUEUES ?? '').split(',') : [];
    if (!queues.includes(queue))
        yield `${nameOf(object)}: queue ${queue} is not served by ${name} (FILCH_SERVICE_QUEUES: ${queues})`;
}

// The last workers go after the cooldown, whether jobs run or not: the default limit of a job's time has to fit.
function* cooldown(set) {
    for (const object of ofKind(set.objects, 'ScaledObject')) {
        const { scaleTargetRef, cooldownPeriod } = object.spec;
        const workload = workloadsOf(set.objects).find((one) => one.object.metadata.name === scaleTargetRef.name);
        if (!workload) continue; // `scalers` reports it
        const least = seconds(configurationOf(set, workload).values.timeout);
        if (!(cooldownPeriod >= least))
            yield `${nameOf(object)}: cooldownPeriod ${cooldownPeriod} is shorter than a job may take (at least ${least}, its timeout)`;
    }
}

function* triggers(set, object, { type, metadata, authenticationRef }) {
    const name = `${nameOf(object)}: trigger ${type}`,
        { required, optional, given } = RABBITMQ;
    if (type !== 'rabbitmq') yield `${name} is unknown (valid: rabbitmq)`;
    for (const key of Object.keys(metadata))
        if (![...required, ...optional].includes(key)) yield `${name}: unknown or deprecated metadata ${key}`;
    for (const key of required) if (!(key in metadata)) yield `${name}: metadata ${key} is missing`;
    const authentication = find(set.objects, 'TriggerAuthentication', authenticationRef?.name);
    if (!authentication) yield `${name}: TriggerAuthentication ${authenticationRef?.name} does not exist`;
    const parameters = (authentication?.spec.secretTargetRef ?? []).map(({ parameter }) => parameter);
    for (const parameter of given)
        if (!parameters.includes(parameter)) yield `${name}: TriggerAuthentication does not give ${parameter}`;
    yield* served(set, object, metadata.queueName);
}

// Evictions have to be possible with the least number of workers, or nodes cannot be drained.
function* disruptions(set) {
    for (const { metadata, spec } of ofKind(set.objects, 'PodDisruptionBudget')) {
        const scaler = scalersOf(set.objects).find(({ target }) => target.name === metadata.name);
        const least = scaler?.least;
        if (spec.minAvailable === undefined ? !(spec.maxUnavailable >= 1) : !(spec.minAvailable < least))
            yield `PodDisruptionBudget ${metadata.name}: no eviction is possible with ${least} workers (minAvailable ${spec.minAvailable})`;
    }
    if (ofKind(set.objects, 'PodDisruptionBudget').length === 0) yield 'no PodDisruptionBudget';
}

// Fields of a timetable: minute, hour, day, month, day of the week (Kubernetes, "CronJob").
const FIELDS = [
    [0, 59],
    [0, 23],
    [1, 31],
    [1, 12],
    [0, 6],
];
const isField = (text, [least, most]) =>
    text.split(',').every((part) => {
        const [range, step = '1'] = part.split('/');
        const ends = range === '*' ? [least, most] : range.split('-').map(Number);
        return Number(step) >= 1 && ends.length <= 2 && ends.every((end) => end >= least && end <= most);
    });

function isZone(timeZone) {
    try {
        return Boolean(new Intl.DateTimeFormat('en', { timeZone }));
    } catch {
        return false;
    }
}

// A Job ends, and two runs of a CronJob never work on one queue.
function* jobs(set) {
    for (const { name, object, pod, container } of workloadsOf(set.objects)) {
        if (object.kind === 'Deployment') continue;
        if (container.args?.join() !== '--once') yield `${name}: args ${container.args} (has to be --once, or it never ends)`;
        if (!['OnFailure', 'Never'].includes(pod.restartPolicy))
            yield `${name}: restartPolicy ${pod.restartPolicy} (valid: OnFailure, Never)`;
        if (object.kind !== 'CronJob') continue;
        const { schedule, timeZone, concurrencyPolicy } = object.spec;
        const fields = schedule.split(' ');
        if (fields.length !== 5 || !fields.every((field, at) => isField(field, FIELDS[at])))
            yield `${name}: schedule ${schedule} is no timetable (minute, hour, day, month, day of the week)`;
        if (!isZone(timeZone)) yield `${name}: timeZone ${timeZone} is unknown`;
        if (concurrencyPolicy !== 'Forbid') yield `${name}: concurrencyPolicy ${concurrencyPolicy} (has to be Forbid)`;
    }
}

export const scalerClaims = [scalers, cooldown, disruptions, jobs];
