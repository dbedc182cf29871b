# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks DEPLOY/terraform: syntax by an HCL parser, arguments and references by tables of ours, and the container's keys by
filch-worker itself. It does not replace `terraform validate`, which needs the provider."""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import live
import terraform_schema

ROOT = live.HERE.parent.parent
MODULES = live.TOOLS / "node_modules"
FUNCTIONS = {"tostring", "jsonencode"}
SECRETS = {"DATABASE_URL"}  # read by handlers, not by the worker
# The figures that the deployment is specified by.
FACTS = (
    "provider.aws.region = us-east-1",
    "resource.aws_ecs_cluster.workers.name = task-workers",
    "resource.aws_ecs_cluster.workers.setting.0.name = containerInsights",
    "resource.aws_ecs_cluster.workers.setting.0.value = enabled",
    "resource.aws_ecs_task_definition.worker.network_mode = awsvpc",
    "resource.aws_ecs_task_definition.worker.requires_compatibilities.0 = FARGATE",
    "resource.aws_ecs_task_definition.worker.cpu = 512",
    "resource.aws_ecs_task_definition.worker.memory = 1024",
    "resource.aws_ecs_service.worker.desired_count = 3",
    "resource.aws_ecs_service.worker.launch_type = FARGATE",
    "resource.aws_ecs_service.worker.network_configuration.0.assign_public_ip = False",
    "resource.aws_ecs_service.worker.lifecycle.0.ignore_changes.0 = ${desired_count}",
    "resource.aws_ecs_service.worker.deployment_circuit_breaker.0.rollback = True",
    "resource.aws_appautoscaling_target.worker.min_capacity = 3",
    "resource.aws_appautoscaling_target.worker.max_capacity = 50",
    "resource.aws_appautoscaling_target.worker.scalable_dimension = ecs:service:DesiredCount",
    "resource.aws_appautoscaling_target.worker.service_namespace = ecs",
    "resource.aws_appautoscaling_target.worker.resource_id = service/task-workers/task-worker",
    "resource.aws_appautoscaling_policy.queue.policy_type = TargetTrackingScaling",
    "resource.aws_appautoscaling_policy.queue.target_tracking_scaling_policy_configuration.0.target_value = 100",
    "resource.aws_appautoscaling_policy.queue.target_tracking_scaling_policy_configuration.0.scale_in_cooldown = 300",
    "resource.aws_appautoscaling_policy.queue.target_tracking_scaling_policy_configuration.0.scale_out_cooldown = 60",
    "resource.aws_sqs_queue.tasks.sqs_managed_sse_enabled = True",
    "resource.aws_sqs_queue.dead_letters.name = tasks-dlq",
    "container.name = worker",
    "container.user = 65534:65534",
    "container.readonlyRootFilesystem = True",
    "container.linuxParameters.capabilities.drop.0 = ALL",
    "container.logConfiguration.logDriver = awslogs",
    "container.healthCheck.interval = 30",
    "container.healthCheck.timeout = 5",
    "container.healthCheck.retries = 3",
    "container.healthCheck.startPeriod = 60",
    "metric.namespace = AWS/SQS",
    "metric.metric_name = ApproximateNumberOfMessagesVisible",
    "metric.statistic = Average",
    "metric.dimensions.0.name = QueueName",
    "metric.dimensions.0.value = tasks",
)


def parsed(findings, deploy):
    """All blocks of all files, as one module: kind -> type -> name -> body."""
    node = shutil.which("node") or live.skip("node not found (Debian: nodejs)")
    if not (MODULES / "@cdktf" / "hcl2json").is_dir():
        live.skip("@cdktf/hcl2json not found (tools/test.sh fetches it by npm)")
    files = sorted((deploy / "terraform").glob("*.tf"))
    run = subprocess.run([node, live.HERE / "terraform.js", MODULES, *files], capture_output=True, text=True, check=False)
    if not findings.claim(run.returncode == 0, f"the files parse: {run.stderr}"):
        sys.exit(1)
    module = {"resource": {}, "data": {}, "variable": {}, "output": {}, "provider": {}, "locals": {}}
    for name, blocks in json.loads(run.stdout).items():
        for kind, types in blocks.items():
            if kind == "locals":
                for one in types:
                    module["locals"].update(one)
            for first, rest in types.items() if isinstance(types, dict) and kind in module else ():
                target = module[kind].setdefault(first, {}) if kind in ("resource", "data") else module[kind]
                named = rest if kind in ("resource", "data") else {first: rest}
                for label, bodies in named.items():
                    findings.claim(label not in target and len(bodies) == 1, f"{name}: {kind} {first} {label} is declared once")
                    target[label] = bodies[0]
    return module


def texts(value):
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def expressions(value):
    for text in texts(value):
        yield from re.findall(r"\$\{([^}]*)\}", text)


# ---- References ----

def check_reference(findings, module, where, name):
    parts = name.split(".")
    if parts[0] in ("var", "local"):
        kind = module["variable" if parts[0] == "var" else "locals"]
        findings.claim(parts[1] in kind, f"{where} refers to {name}, which is not declared")
        return
    block = parts[1:] if parts[0] == "data" else parts
    known = block[1] in module["data" if parts[0] == "data" else "resource"].get(block[0], {})
    findings.claim(known, f"{where} refers to {name}, which is not declared")
    row = terraform_schema.ROWS.get("data." + block[0] if parts[0] == "data" else block[0])
    if known and row and len(block) > 2:
        findings.claim(block[2] in row.attributes, f"{where} refers to {name}, which has no attribute {block[2]}")


def check_references(findings, module):
    used = set()
    for kind in ("resource", "data", "output", "provider", "locals"):
        for first, named in module[kind].items():
            where = f"{kind} {first}"
            for expression in expressions(named):
                bare = re.sub(r'"[^"]*"', "", expression)
                names = re.findall(r"\b((?:var|local)\.\w+|(?:data\.)?aws_\w+\.\w+(?:\.\w+)?)", bare)
                used.update(names)
                for name in names:
                    check_reference(findings, module, where, name)
                unknown = set(re.findall(r"\b(\w+)\(", bare)) - FUNCTIONS
                findings.claim(not unknown, f"{where} calls unknown functions: {sorted(unknown)}")
    for name, body in module["variable"].items():
        findings.claim(f"var.{name}" in used, f"variable {name} is declared and not used")
        findings.claim("type" in body and body.get("description"), f"variable {name} has a type and a description")
    for name in module["locals"]:
        findings.claim(f"local.{name}" in used, f"local {name} is declared and not used")
    for name, body in module["output"].items():
        findings.claim("value" in body and body.get("description"), f"output {name} has a value and a description")


# ---- Values ----

class Values:
    """Values with the defaults of variables."""

    def __init__(self, module):
        self.module = module

    def name(self, text):
        """Of var.NAME, local.NAME or TYPE.NAME.ARGUMENT; as it is if only AWS knows the value."""
        parts = text.split(".")
        if parts[0] == "var":
            found = self.module["variable"].get(parts[1], {}).get("default")
        elif parts[0] == "local":
            found = self.module["locals"].get(parts[1])
        else:
            body = self.module["resource"].get(parts[0], {}).get(parts[1], {})
            found = body.get(parts[2]) if len(parts) == 3 else None
        return f"${{{text}}}" if found is None else self.of(found)

    def expression(self, text):
        text = re.sub(r"^tostring\((.*)\)$", r"\1", text)
        added = re.fullmatch(r"([\w.]+) \+ (\d+)", text)
        if added:
            return self.name(added[1]) + int(added[2])
        return self.name(text) if re.fullmatch(r"[\w]+(\.\w+)+", text) else f"${{{text}}}"

    def of(self, value):
        if isinstance(value, dict):
            return {key: self.of(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner) for inner in value]
        if not isinstance(value, str):
            return value
        whole = re.fullmatch(r"\$\{([^}]*)\}", value)
        if whole:
            return self.expression(whole[1])
        return re.sub(r"\$\{([^}]*)\}", lambda match: str(self.expression(match[1])), value)


def at(value, path):
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value.get(step)
        if value is None:
            return None
    return value


def check_facts(findings, values, container):
    policy = values["resource"]["aws_appautoscaling_policy"]["queue"]["target_tracking_scaling_policy_configuration"][0]
    whole = {**values, "container": container, "metric": policy["customized_metric_specification"][0]}
    for line in FACTS:
        path, expected = line.split(" = ")
        findings.claim(str(at(whole, path)) == expected, f"{path} is {at(whole, path)}, not {expected}")


# ---- The container ----

def keys_of(worker):
    """Variables of the worker -> key, and key -> default."""
    table = subprocess.run([worker, "--help=markdown"], capture_output=True, text=True, check=True).stdout
    variables, defaults = {}, {}
    for line in table[:table.index("member of a handler")].splitlines():
        columns = [column.strip().strip("`") for column in line.split("|")]
        if len(columns) == 9 and re.fullmatch(r"[a-z-]+", columns[1]):
            key, defaults[columns[1]] = columns[1], columns[3]
            for name in ("FILCH_SERVICE_" + key.upper().replace("-", "_"), columns[4]):
                variables[name] = key
                if columns[5] == "yes":
                    variables[name + "_FILE"] = key
    return variables, defaults


def check_environment(findings, container, worker):
    variables, _ = keys_of(worker)
    names = [one["name"] for one in container["environment"]]
    findings.claim(len(names) == len(set(names)), f"variables are set once: {names}")
    unknown = set(names) - set(variables)
    findings.claim(not unknown, f"the worker does not read {sorted(unknown)}")
    keys = [variables.get(name) for name in names]
    findings.claim(len(keys) == len(set(keys)), f"keys are set once: {keys}")
    findings.claim({one["name"] for one in container["secrets"]} == SECRETS, f"secrets: {container['secrets']}")
    environment = {one["name"]: str(one["value"]) for one in container["environment"]}
    if not findings.claim(environment.get("FILCH_SERVICE_BROKER") == "sqs:?region=us-east-1&create=no", "the broker is SQS"):
        return
    brokers = subprocess.run([worker, "--brokers"], capture_output=True, text=True, check=True).stdout
    if not re.search(r"^sqs:", brokers, re.M):
        environment["FILCH_SERVICE_BROKER"] = "memory:"  # of a build without it
    run = subprocess.run([worker, "--check-config"], capture_output=True, text=True, check=False,
                         env={"PATH": os.environ["PATH"], **environment})
    findings.claim(run.returncode == 0, f"the worker accepts its variables: {run.stderr}")


def check_life(findings, values, container, worker):
    _, defaults = keys_of(worker)
    environment = {one["name"]: one["value"] for one in container["environment"]}
    drain, stop = int(environment.get("SHUTDOWN_TIMEOUT_SEC", 0)), container["stopTimeout"]
    findings.claim(drain + 5 < stop <= 120, f"stopTimeout {stop} is longer than the drain of {drain} s and a grace of 5 s")
    received = at(values, "resource.aws_sqs_queue.tasks.redrive_policy.maxReceiveCount")
    findings.claim(received > int(defaults["deliveries"]), f"maxReceiveCount {received} is above the worker's deliveries")


def check_probe(findings, deploy, container):
    environment = {one["name"]: str(one["value"]) for one in container["environment"]}
    port = environment.get("HEALTH_PORT")
    command = container["healthCheck"]["command"]
    findings.claim(command[0] == "CMD" and command[2:] == ["--probe", f"http://127.0.0.1:{port}/health"],
                   f"the health check asks the worker's port {port}, without a shell: {command}")
    findings.claim([str(one["containerPort"]) for one in container["portMappings"]] == [port], "the port is that of the probe")
    image = deploy / "container" / "Containerfile"
    if image.exists():
        findings.claim(f'ENTRYPOINT ["{command[1]}"]' in image.read_text(encoding="utf-8"), f"the image has {command[1]}")


# ---- Permissions ----

def statements(values, name):
    return values["data"]["aws_iam_policy_document"][name]["statement"]


def check_permissions(findings, module, values):
    for name in module["data"]["aws_iam_policy_document"]:
        for one in statements(values, name):
            findings.claim(not any("*" in action for action in one["actions"]), f"policy {name} grants {one['actions']}")
            anywhere = "*" in one.get("resources", []) and one["actions"] != ["ecr:GetAuthorizationToken"]
            findings.claim(not anywhere, f"policy {name} grants {one['actions']} on every resource")
    sources = list((ROOT / "runtime" / "service" / "brokers").glob("sqs*.c"))
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    called = set(re.findall(r'"((?:Change|Delete|Receive|Send)Message[A-Za-z]*|(?:Get|List|Purge)Queue[A-Za-z]*)"', text))
    needed = {"sqs:" + re.sub("Batch$", "", name) for name in called}
    granted = {action for one in statements(values, "worker") for action in one["actions"]}
    findings.claim(not sources or granted == needed, f"the worker may {sorted(granted)}, and needs {sorted(needed)}")
    inward = [key for name in module["resource"] for key in module["resource"][name] if "ingress" in name]
    findings.claim(not inward, f"nothing comes in: {inward}")


def main(deploy, _):
    findings = live.Findings()
    worker = os.environ.get("WORKER_COMMAND") or live.skip("the path of filch-worker is not in WORKER_COMMAND")
    module = parsed(findings, deploy)
    for kind, prefix in (("resource", ""), ("data", "data.")):
        for first, named in module[kind].items():
            for label, body in named.items():
                terraform_schema.check(findings, prefix + first, f"{kind} {first}.{label}", body)
    check_references(findings, module)
    findings.stop_if_any()
    values = Values(module).of(module)
    container = at(values, "resource.aws_ecs_task_definition.worker.container_definitions.0")
    check_facts(findings, values, container)
    check_environment(findings, container, worker)
    check_life(findings, values, container, worker)
    check_probe(findings, deploy, container)
    check_permissions(findings, module, values)
    findings.end(f"{sum(len(named) for named in module['resource'].values())} resources")


main(Path(sys.argv[1]), Path(sys.argv[2]))
