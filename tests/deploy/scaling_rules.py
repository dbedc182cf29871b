# SPDX-License-Identifier: MIT OR Apache-2.0
"""The published rules by which Kubernetes' HorizontalPodAutoscaler and KEDA choose a number of pods, in seconds of a clock
that the caller keeps. References: Kubernetes, "Horizontal Pod Autoscaling" (algorithm details, configurable scaling
behavior); KEDA, "ScaledObject specification" and "Scaling Deployments" (activation and scaling phases)."""
import math
from dataclasses import dataclass, field

SYNC = 15  # seconds between two decisions of the HPA (--horizontal-pod-autoscaler-sync-period)
TOLERANCE = 0.1  # --horizontal-pod-autoscaler-tolerance
LARGEST, SMALLEST, NONE = "Max", "Min", "Disabled"  # values of selectPolicy: the largest change, the smallest one, none


@dataclass(frozen=True)
class Policy:
    is_percent: bool
    value: int
    period: int


@dataclass(frozen=True)
class Behavior:
    """Of one direction."""
    window: int
    select: str
    policies: tuple


# The defaults of autoscaling/v2.
UP = Behavior(0, LARGEST, (Policy(True, 100, 15), Policy(False, 4, 15)))
DOWN = Behavior(300, LARGEST, (Policy(True, 100, 15),))


def wanted_for_average(current, total, target):
    """AverageValue: enough pods for `target` of the total each; no change within the tolerance."""
    if current and abs(total / (target * current) - 1) <= TOLERANCE:
        return current
    return math.ceil(total / target)


def wanted_for_mean(current, mean, target):
    """Utilization: current x value / target; no change within the tolerance."""
    ratio = mean / target
    return current if abs(ratio - 1) <= TOLERANCE else math.ceil(current * ratio)


@dataclass
class Autoscaler:
    """An HPA: it remembers the recommendations and changes that its windows and policies look back to."""
    least: int
    most: int
    up: Behavior = UP
    down: Behavior = DOWN
    recommendations: list = field(default_factory=list)  # (time, number)
    changes: list = field(default_factory=list)  # (time, difference)

    def decide(self, now, current, wanted):
        """The number of pods from `now` on; `wanted` has the proposal of each metric, of which the largest counts."""
        steady = self.stabilized(now, current, max(wanted))
        if steady > current:
            chosen = max(current, min(steady, self.most, self.highest(now, current)))
        else:
            chosen = min(current, max(steady, self.least, self.lowest(now, current)))
        chosen = min(max(chosen, self.least), self.most)
        if chosen != current:
            self.changes.append((now, chosen - current))
        return chosen

    def stabilized(self, now, current, wanted):
        """No more than the smallest recommendation of the upward window, no less than the largest of the downward one."""
        low = high = wanted
        for time, number in self.recommendations:
            low = min(low, number) if time > now - self.up.window else low
            high = max(high, number) if time > now - self.down.window else high
        self.recommendations.append((now, wanted))
        return min(max(current, low), high)

    def start_of(self, now, current, period):
        """The number of pods when the period began."""
        return current - sum(difference for time, difference in self.changes if time > now - period)

    def highest(self, now, current):
        if self.up.select == NONE:
            return current
        bounds = []
        for policy in self.up.policies:
            start = self.start_of(now, current, policy.period)
            bounds.append(math.ceil(start * (100 + policy.value) / 100) if policy.is_percent else start + policy.value)
        return max(bounds) if self.up.select == LARGEST else min(bounds)

    def lowest(self, now, current):
        if self.down.select == NONE:
            return current
        bounds = []
        for policy in self.down.policies:
            start = self.start_of(now, current, policy.period)
            bounds.append(start * (100 - policy.value) // 100 if policy.is_percent else start - policy.value)
        return min(bounds) if self.down.select == LARGEST else max(bounds)


@dataclass
class Keda:
    """A ScaledObject with one trigger: KEDA itself between none and one, an HPA of its own from one on."""
    least: int
    most: int
    polling: int
    cooldown: int
    target: float  # length of the queue for each pod
    hpa: Autoscaler
    activation: float = 0
    next_poll: float = 0
    last_active: float = -math.inf

    def decide(self, now, current, length):
        """Asked at each sync of the HPA: a multiple of SYNC."""
        if now >= self.next_poll:
            self.next_poll = now + self.polling
            current = self.activate(now, current, length)
        if current == 0:
            return 0
        return self.hpa.decide(now, current, [wanted_for_average(current, length, self.target)])

    def activate(self, now, current, length):
        if length > self.activation:
            self.last_active = now
            return current or max(self.least, 1)
        if self.least == 0 and now > self.last_active + self.cooldown:
            return 0
        return current
