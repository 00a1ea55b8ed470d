"""Where the files to load are in S3, and what is said when they are not there."""

from __future__ import annotations

from dwh.aws import split_url
from dwh.config import Config
from dwh.errors import DwhError


def sources(config: Config) -> dict[str, tuple[str, str]]:
    """The source of each staging table: its key in dwh.cfg, and how the URLs of its files begin."""
    return {
        "staging_events": ("LOG_DATA", config.log_data),
        "staging_songs": ("SONG_DATA", config.song_data),
    }


def no_bucket(key: str, url: str) -> DwhError:
    """The error for a source whose bucket does not exist."""
    bucket, _ = split_url(url)
    return DwhError(f"there is no bucket {bucket} in S3", f"check {key} in dwh.cfg")


def no_files(key: str, url: str) -> DwhError:
    """The error for a source that has never had a file."""
    return DwhError(f"nothing in S3 starts with {url}", f"check {key} in dwh.cfg")
