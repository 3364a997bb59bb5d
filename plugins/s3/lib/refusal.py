"""What servers and connections answer when they do not do what was asked."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

CREDENTIALS = "check accessKeyId, secretAccessKey and sessionToken of the bucket in the settings"
# The server's code: the protocol's type, and what there is to know or do.
CODES = {
    "NoSuchBucket": ("ConfigurationError", "there is no such bucket; name the real one as bucket in the settings"),
    "InvalidBucketName": ("ConfigurationError", "this is no name for a bucket; name the real one as bucket"),
    "NoSuchKey": ("ConfigurationError", "there is no object with this key"),
    "NoSuchVersion": ("RevisionUnavailable", "the object has no such version"),
    "NoSuchUpload": ("JobFailed", "the upload was ended by somebody else"),
    "InvalidObjectState": ("RevisionUnavailable", "the object is archived; restore it first"),
    "AccessDenied": (
        "PermissionError",
        "access is denied; check what the credentials of the settings may do (AWS says so of a missing key, too, to "
        "those who may not list the bucket)",
    ),
    "AllAccessDisabled": ("PermissionError", "the bucket is disabled"),
    "InvalidAccessKeyId": ("PermissionError", f"the access key is not known; {CREDENTIALS}"),
    "SignatureDoesNotMatch": ("PermissionError", f"the signature is wrong; {CREDENTIALS}"),
    "ExpiredToken": ("PermissionError", f"the session token has expired; {CREDENTIALS}"),
    "InvalidToken": ("PermissionError", f"the session token is refused; {CREDENTIALS}"),
    "RequestTimeTooSkewed": (
        "PermissionError",
        "the clocks of this machine and of the server differ by more than 15 " "minutes; set this machine's",
    ),
    "AccessControlListNotSupported": ("ConfigurationError", "the bucket takes no ACLs; remove CannedACL"),
    "EntityTooLarge": ("JobFailed", "the object is larger than the server takes"),
    "PreconditionFailed": ("RevisionOutOfSync", "the object was replaced meanwhile"),
}
REGION_CODES = (
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "TemporaryRedirect",
    "IllegalLocationConstraintException",
    "301",
    "307",
)
TRANSIENT_CODES = (
    "SlowDown",
    "RequestTimeout",
    "InternalError",
    "ServiceUnavailable",
    "Throttling",
    "TooManyRequests",
    "OperationAborted",
    "429",
)


def code(error):
    return str(error.response.get("Error", {}).get("Code")) if isinstance(error, ClientError) else ""


def status(error):
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if isinstance(error, ClientError) else 0


def is_transient(error):
    """Whether the same request may succeed a little later."""
    if isinstance(error, ClientError):
        return code(error) in TRANSIENT_CODES or status(error) >= 500 and status(error) != 501
    if isinstance(error, SSLError):  # one that broke, or one that can never be
        return not any(reason in str(error) for reason in ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER"))
    return isinstance(error, (HTTPClientError, NoConnection, IncompleteReadError))


def explain(error, place, region):
    """Type and message of the failure."""
    if isinstance(error, ClientError):
        return explain_answer(error, place, region)
    if isinstance(error, SSLError) and not is_transient(error):
        return "ConfigurationError", f"{place}: no trusted TLS connection: {error}"
    if isinstance(error, ParamValidationError):
        return "ConfigurationError", f"{place}: {error}"
    if isinstance(error, ResponseParserError):
        return "ConfigurationError", f"{place}: the endpoint does not answer as S3 does: {error}"
    if is_transient(error):
        return "SystemUnavailable", f"{place}: the server cannot be reached, or the connection broke: {error}"
    kind = "ConfigurationError" if isinstance(error, BotoCoreError) else "JobFailed"
    return kind, f"{place}: {error}"


def explain_answer(error, place, region):
    name, said = code(error), error.response.get("Error", {}).get("Message") or "no reason given"
    answer = f"(the server said {status(error)} {name}: {said})"
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    real = error.response.get("Error", {}).get("Region") or headers.get("x-amz-bucket-region")
    if name in REGION_CODES or real and real != region and status(error) == 400:
        where = f"set region: {real}" if real else "set the bucket's region"
        return "ConfigurationError", f"{place}: the bucket is in another region than {region}; {where} {answer}"
    if name in CODES:
        kind, text = CODES[name]
        return kind, f"{place}: {text} {answer}"
    if is_transient(error):
        return "SystemUnavailable", f"{place}: the server is not available {answer}"
    if status(error) in (401, 403):
        return "PermissionError", f"{place}: {CODES['AccessDenied'][1]} {answer}"
    if status(error) == 404:
        return "ConfigurationError", f"{place}: there is no such bucket or object {answer}"
    kind = "ConfigurationError" if name.startswith("KMS.") or name.startswith("Invalid") else "JobFailed"
    return kind, f"{place}: the request was refused {answer}"
