"""How what a component holds is kept."""

from typing import NotRequired

import pulumi

from components.component import ComponentArgs


class Keeping(ComponentArgs):
    """Encryption, access logs, and whether it may go with the stack."""

    key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that its data and logs are encrypted with (EncryptionKey). Default: each service's own."""
    log_bucket: NotRequired[pulumi.Input[str]]
    """Bucket of the access logs of its load balancers and buckets (LogArchive). Default: none are kept."""
    disposable: NotRequired[bool]
    """Whether all of it may be deleted with the stack. Default False: what holds data, and what stands before
    it, is protected."""


class Logging(Keeping):
    """The same, for what writes a log of its own."""

    log_retention_days: NotRequired[int]
    """Days that its logs are kept, one of logs.RETENTION_DAYS. Default 365."""
