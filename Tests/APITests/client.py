"""AWS's client over a Unix socket. Every answer is held against AWS's own model of the API."""

import http.client
import json
import re
import socket

import botocore.awsrequest
import botocore.config
import botocore.session

PREFIX = "CodePipeline_20150709."
# Of the protocol, not of an operation.
ERRORS_OF_ALL = {"ValidationException", "AccessDeniedException"}
# What the model has no member for: who is held back behind a stage.
MORE = {"StageState": {"outboundTransitionState"}}


class Connection(http.client.HTTPConnection):
    def __init__(self, path, seconds=30):
        super().__init__("localhost", timeout=seconds)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def exchange(path, operation, body, method="POST", headers=None):
    """Status, headers and body of one request."""
    connection = Connection(path)
    try:
        headers = headers or {"X-Amz-Target": PREFIX + operation, "Content-Type": "application/x-amz-json-1.1"}
        connection.request(method, "/", body=body, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


class Body:
    def __init__(self, body):
        self.body = body

    def stream(self, **_):
        yield self.body


class Transport:
    """In place of botocore's HTTP session."""

    def __init__(self, path, model):
        self.path, self.model = path, model

    def send(self, request):
        target = request.headers["X-Amz-Target"]
        target = (target if isinstance(target, str) else target.decode()).removeprefix(PREFIX)
        status, headers, body = exchange(self.path, target, request.body)
        judge(self.model.operation_model(target), status, json.loads(body))
        return botocore.awsrequest.AWSResponse(request.url, status, headers, Body(body))

    def close(self):
        pass


def judge(operation, status, answer):
    """Whether AWS could have answered so."""
    if status == 200:
        faults = list(differences(operation.output_shape, answer, "")) if operation.output_shape else list(answer)
        if faults:
            raise AssertionError(f"{operation.name} answers what AWS's model has not: {faults}\n{answer}")
        return
    declared = {shape.name for shape in operation.error_shapes} | ERRORS_OF_ALL
    if status != 400 or answer["__type"] not in declared or len(answer["message"]) < 10:
        raise AssertionError(f"{operation.name} refuses as AWS's model does not: {status} {answer}")


KINDS = {"string": str, "boolean": bool, "integer": int, "timestamp": (int, float), "list": list, "map": dict}


def differences(shape, value, path):
    if shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{path}.{name} is missing"
        for name, part in value.items():
            if name in shape.members:
                yield from differences(shape.members[name], part, f"{path}.{name}")
            elif name not in MORE.get(shape.name, ()):
                yield f"{path}.{name} is unknown"
        return
    if not isinstance(value, KINDS[shape.type_name]) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{path} is no {shape.type_name}: {value!r}"
        return
    size = value if shape.type_name == "integer" else len(value) if hasattr(value, "__len__") else None
    limits = shape.metadata
    if size is not None and not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{path} is not from {limits.get('min')} to {limits.get('max')}: {value!r}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"{path} is none of {limits['enum']}: {value!r}"
    if "pattern" in limits and not re.fullmatch(limits["pattern"], value, re.DOTALL):
        yield f"{path} is not like {limits['pattern']}: {value!r}"
    if shape.type_name == "list":
        for index, element in enumerate(value):
            yield from differences(shape.member, element, f"{path}[{index}]")
    if shape.type_name == "map":
        for key, element in value.items():
            yield from differences(shape.key, key, f"{path} key")
            yield from differences(shape.value, element, f"{path}.{key}")


session = botocore.session.Session()


def client(path):
    made = session.create_client(
        "codepipeline",
        region_name="local",
        endpoint_url="http://localhost",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        # The daemon judges what is sent, not the client.
        config=botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    made._endpoint.http_session = Transport(path, made.meta.service_model)
    return made
