"""What runs only when it is called, and what is called: functions, queues, workflows, jobs, sign-in."""

from decimal import Decimal

from fourplane.cost.meters import HOURS, Meter, first, meter

MEGABYTES = 128
"""Of a function that does not say."""
GIB = 1024
BUILDS = {"SMALL": "small", "MEDIUM": "medium", "LARGE": "large", "XLARGE": "xlarge", "2XLARGE": "2xlarge"}


@meter("aws:lambda/function:Function")
def function(m: Meter) -> None:
    calls, milliseconds = m.assume("function_calls_millions"), m.assume("function_milliseconds")
    m.charge("lambda.million_calls", calls.value, calls)
    gib = Decimal(m.number("memorySize", MEGABYTES)) / GIB
    chip = "arm" if m.values.get("architectures") == ["arm64"] else "x86"
    seconds = calls.value * 1_000_000 * milliseconds.value / 1000
    m.charge(f"lambda.{chip}.gb_second", seconds * gib, calls, milliseconds)


@meter("aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig")
def kept_warm(m: Meter) -> None:
    count = m.number("provisionedConcurrentExecutions", 1)
    m.used("lambda.kept_gb_second", "function_kept_gigabytes", HOURS * 3600 * count)


@meter("aws:sqs/queue:Queue")
def queue(m: Meter) -> None:
    fifo = m.values.get("fifoQueue") is True
    m.used("sqs.million_fifo" if fifo else "sqs.million", "queue_requests_millions")


@meter("aws:sns/topic:Topic")
def topic(m: Meter) -> None:
    m.used("sns.million", "topic_messages_millions")


@meter("aws:scheduler/schedule:Schedule")
def schedule(m: Meter) -> None:
    m.used("scheduler.million", "schedule_calls_millions")


@meter("aws:cloudwatch/eventBus:EventBus")
def bus(m: Meter) -> None:
    m.used("events.million", "events_millions")


@meter("aws:pipes/pipe:Pipe")
def pipe(m: Meter) -> None:
    m.used("pipes.million", "events_millions")


@meter("aws:sfn/stateMachine:StateMachine")
def workflow(m: Meter) -> None:
    if m.text("type") == "EXPRESS":
        m.used("states.million_express", "workflow_runs_millions")
    else:
        m.used("states.thousand_steps", "workflow_steps_thousands")


@meter("aws:apigatewayv2/api:Api")
def api(m: Meter) -> None:
    kind = "api.million_messages" if m.text("protocolType") == "WEBSOCKET" else "api.million_http"
    m.used(kind, "api_requests_millions")


@meter("aws:apigateway/restApi:RestApi")
def rest_api(m: Meter) -> None:
    m.used("api.million_rest", "api_requests_millions")


@meter("aws:codebuild/project:Project")
def build(m: Meter) -> None:
    machine = first(m.values.get("environment"))
    chip = "arm" if str(machine.get("type", "")).startswith("ARM") else "general"
    size = str(machine.get("computeType", "")).rpartition("_")[2]
    m.used(f"codebuild.{chip}.{BUILDS.get(size, size.lower())}", "build_minutes")


@meter("aws:emrserverless/application:Application")
def spark(m: Meter) -> None:
    """A worker has four GB of memory for every vCPU: what its largest capacity says."""
    chip = "arm" if m.text("architecture") == "ARM64" else "x86"
    most = first(m.values.get("maximumCapacity"))
    cpu, memory = (
        Decimal(str(most.get(key) or default).split()[0]) for key, default in (("cpu", 1), ("memory", 4))
    )
    m.used(f"emr.{chip}.vcpu_hour", "spark_vcpu_hours")
    m.used(f"emr.{chip}.gb_hour", "spark_vcpu_hours", memory / cpu)


@meter("aws:sagemaker/pipeline:Pipeline")
def training(m: Meter) -> None:
    """The machine that its definition names."""
    definition = m.text("pipelineDefinition")
    named = [word for word in definition.replace('"', " ").split() if word.startswith("ml.")]
    m.used(f"sagemaker.{named[0] if named else 'ml.m5.xlarge'}", "training_hours")


@meter("aws:sagemaker/endpoint:Endpoint")
def inference(m: Meter) -> None:
    m.used("sagemaker.ml.m5.xlarge", "inference_machines", HOURS)


@meter("aws:cognito/userPool:UserPool")
def sign_in(m: Meter) -> None:
    tier = {"PLUS": "plus", "LITE": "lite"}.get(m.text("userPoolTier"), "essentials")
    m.used(f"cognito.{tier}_user", "active_users")


@meter("aws:mediaconvert/queue:Queue")
def encoding(m: Meter) -> None:
    if m.text("pricingPlan") == "RESERVED":
        m.charge("mediaconvert.reserved_slot", 1)
    else:
        m.used("mediaconvert.minute", "encoded_minutes")


@meter("aws:appconfig/application:Application")
def flags(m: Meter) -> None:
    """Machines ask often, and are rarely told anything new."""
    m.used("appconfig.million_requests", "flag_requests_millions")
    m.used("appconfig.thousand_received", "flag_changes_thousands")


@meter("aws:pinpoint/app:App", "aws:ses/configurationSet:ConfigurationSet")
def mail(m: Meter) -> None:
    m.used("mail.thousand", "mails_thousands")
