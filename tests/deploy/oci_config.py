#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The configuration of an OCI runtime for a container of an image, restricted as by the manifests in
tools/deploy/kubernetes. It has no capabilities, no new privileges, a read-only root with a tmpfs at /tmp, and a profile of
system calls.

usage: oci_config.py [OPTION...] SPEC IMAGE ROOTFS PROFILE CGROUP -- ARGUMENT...
  SPEC is by `runc spec`, IMAGE the image's configuration, PROFILE one of containers/common, such as
  /usr/share/containers/seccomp.json (its format: pkg/seccomp of that project). Prints the configuration.
  --quota N       CPUs: cpu.cfs_quota_us or cpu.max
  --refuse A,B    system calls that fail with EPERM although the profile allows them"""
import argparse
import json
import platform

EPERM = 1
PERIOD = 100000  # us, as Kubernetes sets it
MEMORY = 512 << 20
MACHINES = {"x86_64": ("amd64", "SCMP_ARCH_X86_64"), "aarch64": ("arm64", "SCMP_ARCH_AARCH64")}


def applies(rule, machine):
    """Whether a rule is for a process without capabilities, on this machine. All kernels that the project supports have what
    minKernel asks for."""
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    return (not includes.get("caps")
            and machine in includes.get("arches", [machine])
            and machine not in excludes.get("arches", []))


def seccomp(profile, refused):
    machine, architecture = MACHINES[platform.machine()]
    calls = []
    for rule in profile["syscalls"]:
        names = [name for name in rule["names"] if name not in refused]
        if not names or not applies(rule, machine):
            continue
        calls.append({"names": names, **{key: rule[key] for key in ("action", "errnoRet", "args") if rule.get(key)}})
    if refused:
        calls.append({"names": sorted(refused), "action": "SCMP_ACT_ERRNO", "errnoRet": EPERM})
    subs = [one["subArchitectures"] for one in profile["archMap"] if one["architecture"] == architecture]
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile.get("defaultErrnoRet", EPERM),
            "architectures": [architecture] + subs[0], "syscalls": calls}


def main():
    parser = argparse.ArgumentParser()
    for name in ("spec", "image", "rootfs", "profile", "cgroup"):
        parser.add_argument(name)
    parser.add_argument("--quota", type=float)
    parser.add_argument("--refuse", default="")
    parser.add_argument("arguments", nargs="*")
    given = parser.parse_args()
    spec, image, profile = (json.load(open(name)) for name in (given.spec, given.image, given.profile))
    process = spec["process"]
    process["terminal"] = False
    uid, _, gid = (image.get("User") or "0:0").partition(":")  # root where the image names no user
    process["user"] = {"uid": int(uid), "gid": int(gid or 0)}
    process["args"] = image["Entrypoint"] + given.arguments
    process["env"] = image.get("Env") or []
    process["cwd"] = image.get("WorkingDir") or "/"
    process["capabilities"] = {kind: [] for kind in process["capabilities"]}
    process["noNewPrivileges"] = True
    spec["root"] = {"path": given.rootfs, "readonly": True}
    spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
                           "options": ["nosuid", "nodev", "noexec", "mode=1777", "size=64m"]})
    system = spec["linux"]
    system["cgroupsPath"] = given.cgroup
    system["seccomp"] = seccomp(profile, set(filter(None, given.refuse.split(","))))
    system["resources"]["memory"] = {"limit": MEMORY}
    if given.quota:
        system["resources"]["cpu"] = {"period": PERIOD, "quota": int(given.quota * PERIOD)}
    print(json.dumps(spec, indent=1))


main()
