# SPDX-License-Identifier: MIT OR Apache-2.0
"""The autoscalers of tools/deploy/kubernetes/overlays, as the rules of scaling_rules.py."""
import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass

import live
import scaling_rules as rules

MODULES = live.TOOLS / "node_modules"
FIELDS = {"Percent": True, "Pods": False}
# Triggers of KEDA: the metadata that has the target, and the counts of a queue that the trigger adds up.
TRIGGERS = {"rabbitmq": ("value", ("ready",)), "kafka": ("lagThreshold", ("ready", "leased")),
            "aws-sqs-queue": ("queueLength", ("ready", "leased"))}
EXTERNAL = {"rabbitmq_queue_messages_ready": ("ready",)}


class Wrong(Exception):
    """A file that no autoscaler could follow."""


@dataclass
class Scaler:
    decide: object  # (now, current, length): the number of pods
    least: int
    most: int
    target: float
    counts: tuple
    grace: int  # seconds from the end that a pod is told to SIGKILL


def integer(values, name, least, default=None):
    value = values.get(name, default)
    if not isinstance(value, int) or value < least:
        raise Wrong(f"{name} {value} is wrong (has to be a number from {least})")
    return value


def quantity(values, name):
    """A whole number as a text: metadata of KEDA and quantities of Kubernetes are no numbers of YAML."""
    value = values.get(name)
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]*", value):
        raise Wrong(f"{name} {value!r} is wrong (has to be a whole number in quotes)")
    return int(value)


def behavior(values, default):
    if values is None:
        return default
    policies = tuple(rules.Policy(FIELDS[one["type"]], integer(one, "value", 1), integer(one, "periodSeconds", 1))
                     for one in values["policies"]) if "policies" in values else default.policies
    window = integer(values, "stabilizationWindowSeconds", 0, default.window)
    return rules.Behavior(window, values.get("selectPolicy", default.select), policies)


def autoscaler(least, most, values):
    if least > most:
        raise Wrong(f"at least {least} pods, at most {most}")
    return rules.Autoscaler(least, most, behavior(values.get("scaleUp"), rules.UP),
                            behavior(values.get("scaleDown"), rules.DOWN))


def of_hpa(spec, grace):
    hpa = autoscaler(integer(spec, "minReplicas", 1), integer(spec, "maxReplicas", 1), spec.get("behavior", {}))
    [external] = [one["external"] for one in spec["metrics"] if one["type"] == "External"]
    if external["target"]["type"] != "AverageValue":
        raise Wrong(f"target {external['target']['type']} divides the length by no number of pods (AverageValue)")
    target = quantity(external["target"], "averageValue")

    def decide(now, current, length):
        return hpa.decide(now, current, [rules.wanted_for_average(current, length, target)])

    return Scaler(decide, hpa.least, hpa.most, target, EXTERNAL[external["metric"]["name"]], grace)


def of_keda(spec, grace):
    [trigger] = spec["triggers"]
    name, counts = TRIGGERS[trigger["type"]]
    if trigger["type"] == "rabbitmq" and trigger["metadata"].get("mode") != "QueueLength":
        raise Wrong(f"mode {trigger['metadata'].get('mode')} is wrong (has to be QueueLength)")
    least, most = integer(spec, "minReplicaCount", 0), integer(spec, "maxReplicaCount", 1)
    target = quantity(trigger["metadata"], name)
    values = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", {}).get("behavior", {})
    keda = rules.Keda(least, most, integer(spec, "pollingInterval", 1), integer(spec, "cooldownPeriod", 0), target,
                      autoscaler(max(least, 1), most, values))
    return Scaler(keda.decide, least, most, target, counts, grace)


KINDS = {"HorizontalPodAutoscaler": of_hpa, "ScaledObject": of_keda}


@functools.cache
def objects_of(deploy, overlay):
    if not shutil.which("node") or not (MODULES / "yaml").is_dir():
        live.skip("Node or npm packages are missing (./tools/test.sh long fetches them)")
    folder = deploy / "kubernetes" / "overlays" / overlay
    run = subprocess.run(["node", live.HERE / "kubernetes" / "render.mjs", folder], capture_output=True, text=True,
                         check=False, env={**os.environ, "NODE_MODULES": str(MODULES.resolve())})
    if run.returncode:
        raise Wrong(f"{overlay} cannot be rendered: {run.stderr}")
    return json.loads(run.stdout)


def read(deploy, overlay):
    """A new Scaler of an overlay, with nothing to look back to."""
    objects = objects_of(deploy, overlay)
    [scaler] = [one for one in objects if one["kind"] in KINDS]
    [pods] = [one["spec"]["template"]["spec"] for one in objects if one["kind"] == "Deployment"]
    return KINDS[scaler["kind"]](scaler["spec"], pods["terminationGracePeriodSeconds"])
