"""Requests for certificates: approved, denied, and signed through subresources."""

import copy
from typing import Any

import pytest

from tests.harness.objects import rejection
from tests.harness.server import Server

Json = dict[str, Any]

PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
APPROVED = {"type": "Approved", "status": "True", "reason": "R", "message": "M"}
DENIED = {"type": "Denied", "status": "True"}
# A request for the name x, signed with a key that is gone.
REQUEST = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISE1HNENBUUF3RERFS0"
    "1BZ0dBMVVFQXd3QmVEQlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQQpCTzM4"
    "bUpzc3VsVmE0Uy9MT0Q3YzdnZWdyQmFFVnFZV09PRjUwTGNTV082WEdSdG9ldlU0NmZEaj"
    "hJcE4zV2FnCkZtR2ZSSExRbkt5SXZnT1JEQ0tNa1lDZ0FEQUtCZ2dxaGtqT1BRUURBZ05K"
    "QURCR0FpRUFqd3pGR3lERFhVVG0KT3FVeTFTaHBEMHgyU2dpRGtGWG5RQUVTcGdLc3Zha0"
    "NJUURJdXdCZldEaytyakxsMnRSYXNxRURxNUZHWElETgpUeDd1Q1JjT1crL3ROQT09Ci0t"
    "LS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo="
)


@pytest.fixture
async def request_(server: Server) -> Json:
    """A request that waits."""
    name = f"csr-{server.namespace}"
    usages = ["client auth"]
    spec = {"request": REQUEST, "signerName": "example.com/s", "usages": usages}
    body = {"metadata": {"name": name}, "spec": {**spec, "username": "somebody"}}
    item: Json = (await server.post(PATH, body)).ok(201)
    return item


async def test_approval_writes_conditions_alone(server: Server, request_: Json) -> None:
    # It says who made it, and nobody owns that.
    assert request_["spec"]["username"] != "somebody"
    assert "managedFields" not in request_["metadata"]
    path = f"{PATH}/{request_['metadata']['name']}"
    body = copy.deepcopy(request_)
    body["status"] = {"conditions": [APPROVED], "certificate": "eA=="}
    body["spec"]["signerName"] = "example.com/t"
    item = (await server.put(f"{path}/approval", body)).ok()
    assert item["spec"] == request_["spec"]
    [condition] = item["status"].pop("conditions")
    assert {key: condition[key] for key in APPROVED} == APPROVED
    assert condition["lastUpdateTime"] == condition["lastTransitionTime"]
    assert item["status"] == {}
    both = {**item, "status": {"conditions": [condition, DENIED]}}
    details = (await server.put(f"{path}/approval", both)).refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "status.conditions")]
    (await server.put(path, both)).ok()
    assert (await server.get(path)).ok()["status"]["conditions"] == [condition]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (
            {"conditions": [DENIED]},
            (
                "status.conditions: Forbidden: updates may not add a condition of type"
                ' "Denied"'
            ),
        ),
        (
            {"conditions": [{"type": "Failed", "status": "False"}]},
            (
                'status.conditions[0].status: Unsupported value: "False": supported'
                ' values: "True"'
            ),
        ),
        (
            {"certificate": "eA=="},
            (
                'status.certificate: Invalid value: "<certificate data>": must contain'
                " at least one CERTIFICATE PEM block"
            ),
        ),
    ],
)
async def test_status_writes_all_but_approvals(
    server: Server, request_: Json, status: Json, message: str
) -> None:
    name = request_["metadata"]["name"]
    answer = await server.merge(f"{PATH}/{name}/status", {"status": status})
    head = f'CertificateSigningRequest.certificates.k8s.io "{name}" is invalid: '
    answer.refused(422, "Invalid", head + message)


async def test_removed_approval_is_told(server: Server, request_: Json) -> None:
    path = f"{PATH}/{request_['metadata']['name']}"
    approved = {"status": {"conditions": [APPROVED]}}
    (await server.merge(f"{path}/approval", approved)).ok()
    answer = await server.merge(f"{path}/approval", {"status": {"conditions": []}})
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueForbidden", "status.conditions")]
