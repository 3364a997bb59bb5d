"""One service of AWS, or of a server that speaks like it: settings, signed requests, and what refusals mean."""

import os
import urllib.parse

# What the operator has not written into the settings is not looked for elsewhere.
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

import botocore  # noqa: E402 after its environment
import botocore.config  # noqa: E402
import botocore.session  # noqa: E402
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, SSLError  # noqa: E402
from botocore.exceptions import ConnectionError as NoConnection  # noqa: E402

from failure import Failure  # noqa: E402

TEXTS = ("endpoint", "region", "accessKeyId", "secretAccessKey", "sessionToken")
CREDENTIALS = "check accessKeyId, secretAccessKey and sessionToken in the settings, and what they may do"
REFUSED = ("AccessDenied", "Signature", "Token", "UnrecognizedClient", "NotAuthorized")


class Service:
    def __init__(self, service, place, settings, longest_answer_seconds):
        """`place` is the entry's in the settings, such as CloudWatchAlarm.alarms.shop-errors."""
        self.place, self.settings = place, settings
        self.check_settings()
        self.region = settings.get("region") or "us-east-1"
        self.endpoint = settings.get("endpoint")
        self.client = self.connect(service, longest_answer_seconds)

    def refuse(self, member, problem):
        raise Failure("ConfigurationError", f"{member} of {self.place} in the settings {problem}")

    def check_settings(self):
        for member in TEXTS:
            value = self.settings.get(member)
            if value is not None and (not isinstance(value, str) or not value or not value.isprintable()):
                self.refuse(member, "must be a text of one line")
        if bool(self.settings.get("accessKeyId")) != bool(self.settings.get("secretAccessKey")):
            self.refuse("accessKeyId", "and secretAccessKey belong together: set both, or neither")
        if self.settings.get("sessionToken") and not self.settings.get("accessKeyId"):
            self.refuse("sessionToken", "needs accessKeyId and secretAccessKey")
        try:
            url = urllib.parse.urlsplit(self.settings.get("endpoint") or "https://host")
            good = url.scheme in ("http", "https") and url.hostname and url.port != 0
        except ValueError:
            good = False
        if not good or url.query or url.fragment:
            self.refuse("endpoint", "must be the URL of the server, such as https://aws.example.org:4566")
        if url.username is not None or url.password is not None:
            self.refuse("endpoint", "holds a user or password: write accessKeyId and secretAccessKey instead")

    def attempts(self):
        text = str(self.settings.get("attempts", 5))
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 20):
            self.refuse("attempts", "must be a whole number from 1 to 20")
        return int(text)

    def connect(self, service, longest_answer_seconds):
        key = self.settings.get("accessKeyId")
        config = botocore.config.Config(
            connect_timeout=10,
            read_timeout=longest_answer_seconds,
            retries={"mode": "standard", "total_max_attempts": self.attempts()},
            tcp_keepalive=True,
            user_agent_extra="penstock",
            **({} if key else {"signature_version": botocore.UNSIGNED}),
        )
        try:
            return botocore.session.Session().create_client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint,
                config=config,
                aws_access_key_id=key,
                aws_secret_access_key=self.settings.get("secretAccessKey"),
                aws_session_token=self.settings.get("sessionToken"),
            )
        except (BotoCoreError, ValueError) as error:  # an endpoint or a region that cannot be one
            raise Failure("ConfigurationError", f"{self.place} in the settings is refused: {error}") from None

    def ask(self, what, request, **parameters):
        """`request` is the name of the client's function, `what` what is asked about: the alarm "x"."""
        try:
            return getattr(self.client, request)(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise self.failure(what, error) from None

    def failure(self, what, error):
        what = f"{what} at {self.endpoint or 'AWS, ' + self.region}"
        if isinstance(error, ClientError):
            return self.refusal(what, error)
        broken = isinstance(error, (HTTPClientError, NoConnection))
        if isinstance(error, SSLError) and any(word in str(error) for word in ("CERTIFICATE", "WRONG_VERSION")):
            broken = False  # it will not get better
        kind = "SystemUnavailable" if broken else "ConfigurationError"
        return Failure(kind, f"{what} cannot be asked about: {error}")

    def refusal(self, what, error):
        name, said = str(error.response.get("Error", {}).get("Code")), error.response.get("Error", {}).get("Message")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        answer = f"(the server said {status} {name}: {said or 'no reason given'})"
        if name.startswith("ResourceNotFound"):
            return Failure("ConfigurationError", f"{what} does not exist there {answer}")
        if status == 429 or status >= 500 or "Throttl" in name or name.startswith("TooManyRequests"):
            return Failure("SystemUnavailable", f"{what} cannot be had at the moment {answer}")
        if status in (401, 403) or any(word in name for word in REFUSED):
            return Failure("PermissionError", f"{what} is refused to these credentials; {CREDENTIALS} {answer}")
        return Failure("JobFailed", f"{what}: the request was refused {answer}")
