"""The folder in our own bucket where a load writes what COPY is to read."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from dwh.aws import attempt, delete_objects, s3_client
from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import work_bucket


class WorkFolder:
    """A folder of the environment's bucket, one for each database."""

    def __init__(self, config: Config, account: str) -> None:
        self._config, self._account = config, account
        self._bucket = work_bucket(account, config)
        self.url = f"s3://{self._bucket}/{config.database}"

    @cached_property
    def _s3(self) -> Any:
        return s3_client(self._config)

    def write(self, name: str, body: Any) -> str:
        """Write bytes, or what a file holds, and return the URL.

        Raises DwhError if the bucket is not there.
        """
        call = {"Bucket": self._bucket, "Key": f"{self._config.database}/{name}", "Body": body}
        put = self._s3.put_object
        if attempt("NoSuchBucket", put, ExpectedBucketOwner=self._account, **call) is None:
            raise DwhError(
                f"the bucket {self._bucket} is not there", "make it: python setup_env.py"
            )
        return f"{self.url}/{name}"

    def remove(self, name: str) -> None:
        """Remove the folder of that name with all that it holds, if it is there."""
        prefix = f"{self._config.database}/{name}/"
        attempt("NoSuchBucket", delete_objects, s3=self._s3, name=self._bucket, prefix=prefix)
