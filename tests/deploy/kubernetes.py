# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks DEPLOY/kubernetes: objects fit each other, pods are restricted, and filch-worker accepts the configuration of each pod. Types
of fields are left to the API server (kubectl apply --dry-run=server)."""
import os
import re
import subprocess
import sys
from pathlib import Path

import live

ROOT = live.HERE.parent.parent
BESIDE = {"kustomization.yaml", "job.yaml", "cronjob.yaml", "keda.yaml", "spot.yaml", "secrets.example.yaml"}
BODY = 16 << 20  # bytes of the largest message that filch-worker accepts (docs/service/worker.md)
PODS = {"Deployment": "spec template spec", "Job": "spec template spec", "CronJob": "spec jobTemplate spec template spec"}
SELECTORS = {"Deployment": "spec selector matchLabels", "Service": "spec selector", "PodDisruptionBudget": "spec selector matchLabels",
             "NetworkPolicy": "spec podSelector matchLabels"}
# A key of any object, and the kind of the object that it names.
REFERENCES = {"configMapRef": "ConfigMap", "secretName": "Secret", "secretTargetRef": "Secret", "serviceAccountName": "ServiceAccount",
              "scaleTargetRef": "Deployment", "authenticationRef": "TriggerAuthentication"}
# Values that are required: kind, path, value. A path of the kind `pod` begins at the spec of each pod, one of `job` at that of a Job or CronJob.
FACTS = (
    ("pod", "hostNetwork", None),
    ("pod", "automountServiceAccountToken", False),
    ("pod", "securityContext runAsNonRoot", True),
    ("pod", "securityContext runAsUser", 65534),
    ("pod", "securityContext fsGroup", 65534),
    ("pod", "securityContext seccompProfile type", "RuntimeDefault"),
    ("pod", "containers 0 securityContext allowPrivilegeEscalation", False),
    ("pod", "containers 0 securityContext readOnlyRootFilesystem", True),
    ("pod", "containers 0 securityContext capabilities", {"drop": ["ALL"]}),
    ("Namespace", "metadata labels pod-security.kubernetes.io/enforce", "restricted"),
    ("ServiceAccount", "automountServiceAccountToken", False),
    ("Deployment", "spec replicas", None),  # would come back with each apply
    ("Deployment", "spec strategy rollingUpdate", {"maxSurge": 1, "maxUnavailable": 0}),
    ("Deployment", "spec template metadata annotations prometheus.io/path", "/metrics"),
    ("Deployment", "spec template metadata annotations prometheus.io/port", "8080"),
    ("Deployment", "spec template spec containers 0 ports", [{"name": "health", "containerPort": 8080, "protocol": "TCP"}]),
    ("Deployment", "spec template spec containers 0 livenessProbe httpGet", {"path": "/health", "port": "health"}),
    ("Deployment", "spec template spec containers 0 readinessProbe httpGet", {"path": "/ready", "port": "health"}),
    ("Service", "spec ports 0 targetPort", "health"),
    ("PodDisruptionBudget", "spec maxUnavailable", 1),  # with minAvailable, few workers would block every drain
    ("ConfigMap", "data FILCH_SERVICE_HEALTH_PORT", "8080"),
    ("ConfigMap", "data FILCH_SERVICE_HEALTH_ADDRESS", "0.0.0.0"),  # kubelets ask from outside
    ("ConfigMap", "data FILCH_SERVICE_QUEUES", "tasks"),
    ("HorizontalPodAutoscaler", "spec metrics 2 external metric selector matchLabels queue", "tasks"),
    ("ScaledObject", "spec triggers 0 metadata queueName", "tasks"),
    ("NetworkPolicy", "spec ingress 0 ports", [{"protocol": "TCP", "port": 8080}]),
    ("NetworkPolicy", "spec ingress 1 from 0 ipBlock cidr", "10.0.0.0/16"),
    ("NetworkPolicy", "spec ingress 1 ports", [{"protocol": "TCP", "port": 8080}]),
    ("NetworkPolicy", "spec egress 0 ports", [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]),
    ("NetworkPolicy", "spec egress 1 ports", [{"protocol": "TCP", "port": 5672}, {"protocol": "TCP", "port": 5671}]),
    ("job", "containers 0 args", ["--once"]),  # or it never ends
    ("job", "restartPolicy", "OnFailure"),
    ("CronJob", "spec concurrencyPolicy", "Forbid"),
)
UNITS = {"m": 1e-3, "Mi": 2**20, "Gi": 2**30, "s": 1, "min": 60, "h": 3600}


def at(value, path):
    for step in path.split():
        value = value[int(step)] if isinstance(value, list) else (value or {}).get(step)
    return value


def number(text):
    """Of a quantity of Kubernetes or a time of filch-worker."""
    digits, unit = re.fullmatch(r"([\d.]+)(\w*)", text).groups()
    return float(digits) * UNITS.get(unit, 1)


def read_objects(findings, folder):
    """All objects of all files, by kind and name."""
    files = {path.name: live.documents(path) for path in folder.iterdir()}
    base = files["kustomization.yaml"][0]["resources"]
    findings.claim(set(files) == set(base) | BESIDE, f"kustomization.yaml names the files of the base: {sorted(set(files) ^ set(base) ^ BESIDE)}")
    patch = files.pop("spot.yaml")[0]
    objects = {(one["kind"], at(one, "metadata name")): one for name in files for one in files[name]}
    findings.claim((patch["kind"], at(patch, "metadata name")) in objects, "spot.yaml patches an object of the base")
    return objects


def references(value):
    """(kind, name) of each object that a value names."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        if key in REFERENCES:
            yield from ((REFERENCES[key], one if isinstance(one, str) else one["name"]) for one in (inner if isinstance(inner, list) else [inner]))
        yield from references(inner)


def check_links(findings, objects):
    labels = at(objects["Deployment", "task-worker"], "spec template metadata labels")
    for (kind, name), one in objects.items():
        for found in references(one):
            findings.claim(found in objects, f"{kind} {name}: {' '.join(found)} does not exist")
        for key in [found["key"] for found in at(one, "spec secretTargetRef") or ()] if kind == "TriggerAuthentication" else ():
            findings.claim(key in objects["Secret", "rabbitmq-credentials"]["stringData"], f"{kind} {name}: the Secret has no key {key}")
        if kind in SELECTORS:
            wanted = at(one, SELECTORS[kind])
            findings.claim(wanted and wanted.items() <= labels.items(), f"{kind} {name}: selector {wanted} selects no workers")


def check_facts(findings, objects):
    for (kind, name), one in objects.items():
        pod = at(one, PODS[kind]) if kind in PODS else None
        for part, path, expected in FACTS:
            if part == kind or pod and (part == "pod" or part == "job" and kind != "Deployment"):
                found = at(one if part == kind else pod, path)
                findings.claim(found == expected, f"{kind} {name}: {path} is {found} (has to be {expected})")


def configuration(findings, objects, name, pod, folder):
    """The worker's keys and values in a pod; the file of the Secret is put into `folder`."""
    worker, container = os.environ["WORKER_COMMAND"], pod["containers"][0]
    environment = {}
    for one in container["envFrom"]:
        environment.update(objects["ConfigMap", one["configMapRef"]["name"]]["data"])
    environment.update((one["name"], one["value"]) for one in container.get("env", ()))
    mounted = {volume["name"]: volume["mountPath"] for volume in container["volumeMounts"]}
    findings.claim(mounted.keys() == {volume["name"] for volume in pod["volumes"]}, f"{name}: volumes and mounts differ")
    path = environment["FILCH_SERVICE_BROKER_FILE"]
    findings.claim(Path(path).parent == Path(mounted.get("broker", "")), f"{name}: {path} is no file of the Secret")
    url = objects["Secret", "rabbitmq-credentials"]["stringData"]["url"]
    brokers = subprocess.run([worker, "--brokers"], capture_output=True, text=True, check=True).stdout
    (folder / "url").unlink(missing_ok=True)  # it cannot be written again
    (folder / "url").write_text(url if "amqps" in brokers else "memory:", encoding="utf-8")
    (folder / "url").chmod(0o440)
    environment["FILCH_SERVICE_BROKER_FILE"] = str(folder / "url")
    run = subprocess.run([worker, "--check-config"], capture_output=True, text=True, env=environment, check=False)
    findings.claim(run.returncode == 0, f"{name}: filch-worker refuses the configuration: {run.stderr}")
    return dict(re.findall(r"^(\S+) +(.*) \([^)]*\)$", run.stdout, re.M))


def check_sizes(findings, name, pod, values, resident):
    """Times and memory of a pod, for the values of the worker's keys."""
    needed = (at(pod, "containers 0 lifecycle preStop sleep seconds") or 0) + number(values["drain-timeout"]) + 5
    given = pod["terminationGracePeriodSeconds"]
    findings.claim(given >= needed, f"{name}: terminationGracePeriodSeconds {given} is too short (at least {needed})")
    needed = resident + 2 * int(values["width"]) * BODY  # running, and as many received ahead
    limit = at(pod, "containers 0 resources limits memory")
    findings.claim(number(limit) >= needed, f"{name}: memory limit {limit} is too small (at least {needed / 2**20} MiB)")


def main(deploy, folder):
    findings = live.Findings()
    objects = read_objects(findings, deploy / "kubernetes")
    check_links(findings, objects)
    check_facts(findings, objects)
    pods = {f"{kind} {name}": at(one, PODS[kind]) for (kind, name), one in objects.items() if kind in PODS}
    images = {at(pod, "containers 0 image") for pod in pods.values()}
    findings.claim(len(images) == 1 and re.search(r":v[\d.]+$", *images), f"all pods have one image of a fixed version: {sorted(images)}")
    findings.stop_if_any()
    row = re.search(r"^\| `worker-memory`:.*?\| *([\d.; ]+) MiB", (ROOT / "docs" / "lab" / "bars.md").read_text(encoding="utf-8"), re.M)
    resident = max(map(float, row[1].split(";"))) * 2**20
    values = {name: configuration(findings, objects, name, pod, folder) for name, pod in pods.items()}
    findings.stop_if_any()
    for name, pod in pods.items():
        check_sizes(findings, name, pod, values[name], resident)
    timeouts = [one["timeout"].replace("m", "min") for one in values.values()]
    cooldown = at(objects["ScaledObject", "task-worker-scaler"], "spec cooldownPeriod")
    findings.claim(cooldown >= max(map(number, timeouts)), f"cooldownPeriod {cooldown} is shorter than a job may take, {timeouts}")
    findings.end(f"{len(objects)} objects")


main(Path(sys.argv[1]), Path(sys.argv[2]))
