"""What the boto3 scripts share: clients for the sandbox, and a way to expect a refusal."""

import io
import json
import os
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ONCE = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


def client(service, **options):
    options.setdefault("config", ONCE)
    return boto3.client(service, **options)


class refused:
    """`with refused("Code", "words"):` fails unless the call is refused so."""

    def __init__(self, code, words="", status=None):
        self.code, self.words, self.status = code, words, status

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        assert error is not None, f"expected {self.code}, but the call went through"
        if not isinstance(error, ClientError):
            return False
        found = error.response["Error"]
        assert found["Code"] == self.code, found
        assert self.words in found.get("Message", ""), found
        if self.status:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == self.status, error.response
        return True


def stranger(service, key="AKIAUNKNOWNUNKNOWN00", secret=os.environ["AWS_SECRET_ACCESS_KEY"]):
    """A client with other credentials than the sandbox's."""
    return client(service, aws_access_key_id=key, aws_secret_access_key=secret)


def zipped(**files):
    """The bytes of a source bundle, always the same."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return body.getvalue()


def order(*rules, method="POST"):
    """Order faults; each rule is a dictionary."""
    request = urllib.request.Request(
        ENDPOINT + "/-/faults", json.dumps(rules).encode(), {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def raw(fields):
    """Status and text of a signed request with these form fields, which no model of a client has checked."""
    session = boto3.session.Session()
    body = urllib.parse.urlencode(fields)
    request = AWSRequest("POST", ENDPOINT + "/", {"Content-Type": "application/x-www-form-urlencoded"}, body)
    SigV4Auth(session.get_credentials(), "elasticbeanstalk", session.region_name).add_auth(request)
    request = urllib.request.Request(ENDPOINT + "/", body.encode(), dict(request.headers.items()), method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
