"""What watches, guards and decides: keys, secrets, logs, alarms, rules, experiments."""

import re
from decimal import Decimal

from fourplane.cost.meters import HOURS, Meter, entries, first, meter

PACKED = Decimal("0.15")
"""What logs take once they are stored: https://aws.amazon.com/cloudwatch/pricing/"""
MONTH = 30
YEARS = 365
"""Days of a log group that forgets nothing, of which a year is counted."""
DAYS_KEPT = "retentionInDays"
RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
MINUTES = {"minute": 1, "hour": 60, "day": 1440}
SHARP = 60
"""Seconds: an alarm that looks more often costs more."""


@meter("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey")
def key(m: Meter) -> None:
    m.charge("kms.key", 1)
    m.used("kms.million_requests", "key_requests_millions")


@meter("aws:secretsmanager/secret:Secret")
def secret(m: Meter) -> None:
    m.charge("secrets.secret", 1 + len(entries(m.values.get("replicas"))))
    m.used("secrets.thousand_calls", "secret_calls_thousands")


@meter("aws:cloudwatch/logGroup:LogGroup")
def logs(m: Meter) -> None:
    """What comes in, and what is kept of the months before."""
    rare = m.text("logGroupClass") == "INFREQUENT_ACCESS"
    written = m.assume("log_gigabytes")
    m.charge("logs.rare_gb" if rare else "logs.gb", written.value, written)
    days = min(m.number(DAYS_KEPT) or YEARS, YEARS)
    m.charge("logs.stored_gb", written.value * PACKED * days / MONTH, written)


@meter("aws:cloudwatch/logMetricFilter:LogMetricFilter")
def counted(m: Meter) -> None:
    m.charge("cloudwatch.metric", 1)


@meter("aws:cloudwatch/metricAlarm:MetricAlarm")
def alarm(m: Meter) -> None:
    """Each metric that it looks at; one that is expected to be in a band counts three times."""
    queries = entries(m.values.get("metricQueries"))
    looked = [first(one.get("metric")) for one in queries if one.get("metric")]
    periods = [int(one.get("period") or SHARP) for one in looked] or [m.number("period", SHARP)]
    bands = 3 if any("ANOMALY_DETECTION_BAND" in str(one.get("expression")) for one in queries) else 1
    m.charge("cloudwatch.sharp_alarm" if min(periods) < SHARP else "cloudwatch.alarm", len(periods) * bands)


@meter("aws:cloudwatch/compositeAlarm:CompositeAlarm")
def composite(m: Meter) -> None:
    m.charge("cloudwatch.composite_alarm", 1)


@meter("aws:cloudwatch/dashboard:Dashboard")
def dashboard(m: Meter) -> None:
    m.region = m.region or m.ground.book.home
    m.charge("cloudwatch.dashboard", 1)


@meter("aws:synthetics/canary:Canary")
def canary(m: Meter) -> None:
    found = RATE.match(str(first(m.values.get("schedule")).get("expression", "")))
    minutes = int(found[1]) * MINUTES[found[2]] if found else 5
    m.charge("synthetics.run", Decimal(HOURS * 60) / minutes)


@meter("aws:xray/samplingRule:SamplingRule")
def traces(m: Meter) -> None:
    m.used("xray.million", "traces_millions")


@meter("aws:cloudtrail/trail:Trail")
def trail(m: Meter) -> None:
    m.used("cloudtrail.million_data_events", "trail_events_millions")


@meter("aws:guardduty/detector:Detector")
def detector(m: Meter) -> None:
    m.used("guardduty.million_events", "trail_events_millions")


@meter("aws:cfg/recorder:Recorder")
def recorder(m: Meter) -> None:
    m.used("config.item", "recorded_changes")


@meter("aws:cfg/rule:Rule")
def rule(m: Meter) -> None:
    m.used("config.evaluation", "rule_evaluations")


@meter("aws:fis/experimentTemplate:ExperimentTemplate")
def experiment(m: Meter) -> None:
    m.used("fis.action_minute", "experiment_minutes", len(entries(m.values.get("actions"))) or 1)


@meter("aws:ssm/parameter:Parameter")
def parameter(m: Meter) -> None:
    if m.text("tier") == "Advanced":
        m.charge("ssm.advanced_parameter", 1)
    m.free = "" if m.lines else "standard parameters cost nothing"


@meter("aws:budgets/budget:Budget")
def budget(m: Meter) -> None:
    actions = bool(m.values.get("actions"))
    if actions:
        m.charge("budgets.action", 1)
    m.free = "" if actions else "budgets that only tell cost nothing"


@meter("aws:shield/subscription:Subscription")
def shield(m: Meter) -> None:
    m.charge("shield.advanced", 1)


@meter("aws:grafana/workspace:Workspace")
def grafana(m: Meter) -> None:
    m.used("grafana.editor", "dashboard_editors")


@meter("aws:amp/workspace:Workspace")
def prometheus(m: Meter) -> None:
    m.used("prometheus.million_samples", "samples_millions")


@meter("aws:acmpca/certificateAuthority:CertificateAuthority")
def authority(m: Meter) -> None:
    m.charge("acmpca.authority", 1)
