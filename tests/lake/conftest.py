"""Lakes on a local folder and on a real S3 server (moto)."""

from pathlib import Path

import pytest

from r1data.lake import Lake


@pytest.fixture(params=["local", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """An empty lake of either kind."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    if request.param == "local":
        return Lake(tmp_path / "a lake")
    endpoint = request.getfixturevalue("s3_endpoint")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }.items():
        monkeypatch.setenv(name, value)
    import boto3

    bucket = "lake-" + tmp_path.name.replace("_", "-").lower()[-40:].strip("-")
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    return Lake(f"s3://{bucket}/r1data")
