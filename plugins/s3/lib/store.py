"""One bucket behind one endpoint: settings, signed requests, retries."""

import os
import random
import sys
import urllib.parse

# Newer libraries add checksums to each request that many servers refuse; the older ones ignore this.
os.environ["AWS_REQUEST_CHECKSUM_CALCULATION"] = os.environ["AWS_RESPONSE_CHECKSUM_VALIDATION"] = "when_required"
# What the operator has not written into the settings is not looked for elsewhere.
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

import botocore  # noqa: E402 after its environment
import botocore.config  # noqa: E402
import botocore.session  # noqa: E402
from botocore.exceptions import BotoCoreError, ClientError  # noqa: E402

from failure import Failure, Stopped  # noqa: E402
from refusal import explain, is_transient  # noqa: E402

TEXTS = ("endpoint", "region", "bucket", "accessKeyId", "secretAccessKey", "sessionToken")
LONGEST_PAUSE_SECONDS = 15


class Store:
    def __init__(self, settings, name, stop):
        """`name` is the bucket's in the definition; `stop` is the event that ends everything."""
        self.settings, self.name, self.stop = settings or {}, name, stop
        self.check_settings()
        self.bucket = self.settings.get("bucket") or name
        self.endpoint = self.settings.get("endpoint")
        self.region = self.settings.get("region") or "us-east-1"
        self.attempts = self.number("attempts", 7, 20)
        self.client = self.connect()

    def refuse(self, member, problem):
        raise Failure(
            "ConfigurationError", f"{member} of the bucket {self.name} in the settings (S3: buckets: …) {problem}"
        )

    def check_settings(self):
        for member in TEXTS:
            value = self.settings.get(member)
            if value is not None and (not isinstance(value, str) or not value or not value.isprintable()):
                self.refuse(member, "must be a text of one line")
        if bool(self.settings.get("accessKeyId")) != bool(self.settings.get("secretAccessKey")):
            self.refuse("accessKeyId", "and secretAccessKey belong together: set both, or neither for a public bucket")
        if self.settings.get("sessionToken") and not self.settings.get("accessKeyId"):
            self.refuse("sessionToken", "needs accessKeyId and secretAccessKey")
        try:
            url = urllib.parse.urlsplit(self.settings.get("endpoint") or "https://host")
            good = url.scheme in ("http", "https") and url.hostname and url.port != 0
        except ValueError:
            good = False
        if not good or url.query or url.fragment:
            self.refuse("endpoint", "must be the URL of the server, such as https://minio.example.org:9000")
        if url.username is not None or url.password is not None:
            self.refuse("endpoint", "holds a user or password: write accessKeyId and secretAccessKey instead")

    def number(self, member, default, most):
        text = str(self.settings.get(member, default))
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            self.refuse(member, f"must be a whole number from 1 to {most}")
        return int(text)

    def style(self):
        value = self.settings.get("pathStyle", bool(self.endpoint))
        if str(value).lower() not in ("true", "false"):
            self.refuse("pathStyle", "must be true or false")
        return "path" if str(value).lower() == "true" else "virtual"

    def connect(self, timeout_seconds=60):
        key = self.settings.get("accessKeyId")
        config = botocore.config.Config(
            s3={"addressing_style": self.style()},
            connect_timeout=min(10, timeout_seconds),
            read_timeout=timeout_seconds,
            retries={"total_max_attempts": 1},
            max_pool_connections=16,
            signature_version="s3v4" if key else botocore.UNSIGNED,
            user_agent_extra="penstock",
        )
        try:
            return botocore.session.Session().create_client(
                "s3",
                region_name=self.region,
                endpoint_url=self.endpoint,
                config=config,
                aws_access_key_id=key,
                aws_secret_access_key=self.settings.get("secretAccessKey"),
                aws_session_token=self.settings.get("sessionToken"),
            )
        except (BotoCoreError, ValueError) as error:  # an endpoint or a region that cannot be one
            raise Failure(
                "ConfigurationError", f"the settings of the bucket {self.name} are refused: {error}"
            ) from None

    def place(self, key=None):
        path = self.bucket if key is None else f"{self.bucket}/{key}"
        return f"s3://{path} at {self.endpoint or 'AWS, ' + self.region}"

    def check(self):
        if self.stop.is_set():
            raise Stopped

    def request(self, operation, key=None, **parameters):
        """One try; errors are the library's."""
        if key is not None:
            parameters["Key"] = key
        return getattr(self.client, operation)(Bucket=self.bucket, **parameters)

    def call(self, operation, key=None, **parameters):
        return self.attempt(lambda: self.request(operation, key, **parameters), key)

    def attempt(self, work, key):
        """Does `work` until it succeeds, is refused, or has failed too often; then errors are the library's still."""
        for number in range(1, self.attempts + 1):
            self.check()
            try:
                return work()
            except (ClientError, BotoCoreError) as error:
                if number == self.attempts or not is_transient(error):
                    raise
                self.pause(number, error, key)
        raise AssertionError

    def pause(self, number, error, key):
        seconds = min(0.5 * 2 ** (number - 1), LONGEST_PAUSE_SECONDS) * random.uniform(0.75, 1)
        print(
            f"try {number} of {self.attempts} failed for {self.place(key)}: {error}; the next in {seconds:.1f} s",
            file=sys.stderr,
        )
        if self.stop.wait(seconds):
            raise Stopped

    def failure(self, error, key=None):
        """What the library's error says to the person who reads it."""
        kind, text = explain(error, self.place(key), self.region)
        tries = f" It was tried {self.attempts} times." if is_transient(error) and self.attempts > 1 else ""
        return Failure(kind, text + tries)
