"""The newest model that was approved, from SageMaker's registry."""

import os
import time
from typing import Any

from .model import Model, unpacked

EVERY_SECONDS = 600.0
"""How often the registry is asked for a newer one."""
AGAIN_SECONDS = 60.0
"""The same where there was none, or it could not be had."""


class Registry:
    """Keeps the model that it found last, which goes on while the registry or the bucket is lost."""

    def __init__(self, sagemaker: Any, s3: Any) -> None:
        self._sagemaker, self._s3 = sagemaker, s3
        self._model: Model | None = None
        self._arn, self._next = "", 0.0

    def model(self) -> Model | None:
        """The newest model; None where none has ever been had."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + AGAIN_SECONDS
            try:
                self._look()
                if self._model is not None:
                    self._next = time.monotonic() + EVERY_SECONDS
            except Exception as lost:  # whatever it is, the model that is known goes on
                print(f"the registry's model is not had: {type(lost).__name__}: {lost}", flush=True)
        return self._model

    def _look(self) -> None:
        packages = self._sagemaker.list_model_packages(
            ModelPackageGroupName=os.environ["MODEL_GROUP"],
            ModelApprovalStatus="Approved",
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=1,
        )["ModelPackageSummaryList"]
        if not packages or (arn := packages[0]["ModelPackageArn"]) == self._arn:
            return
        told = self._sagemaker.describe_model_package(ModelPackageName=arn)
        url: str = told["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self._model = unpacked(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        self._arn = arn
