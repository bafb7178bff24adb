"""A small organization of DocuSign, by the descriptions of its Monitor and Admin APIs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors import docusign
from connectors.docusign.tokens import TOKEN as EXCHANGE
from tests.saas_rig import TOKEN, Asked, Reply, Vendor
from tests.saas_rig.cases import Case, Published

MONITOR = "https://github.com/docusign/docusign-monitor-python-client"
ADMIN = (
    "https://github.com/docusign/OpenAPI-Specifications/blob/master/admin.rest.swagger-v2.1.json"
)
ORG = "9d0f0000-0000-4000-8000-000000000001"
KEY = "1a2b0000-0000-4000-8000-000000000002"

_PAIR = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = _PAIR.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = (
    _PAIR.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def event(number: int, at: str, about: str, done: str, **more: Any) -> Any:
    return {
        "timestamp": f"2026-11-{at}", "eventId": f"e{number}", "site": "NA4", "accountId": "ac1",
        "organizationId": ORG, "userId": "u1", "userAgent": "python-requests/2.32",
        "ipAddress": "192.0.2.1", "object": about, "action": done, "property": "Default",
        "field": "Default", "result": "Success", "source": "eSignature", "data": {}, **more,
    }  # fmt: skip


EVENTS = [
    event(1, "20T08:00:00Z", "Envelope", "Created", integratorKey=KEY),
    event(3, "20T08:00:03Z", "Envelope", "Created", integratorKey=KEY),
    event(2, "20T08:00:02Z", "Login", "Requested"),  # taken in later
    event(4, "21T08:00:00Z", "Envelope", "Created", integratorKey=KEY, result="Failure"),
    event(5, "22T08:00:00Z", "Document", "Downloaded", integratorKey=KEY, userId="u2"),
]
CONFIGS = [
    {"connectId": ident, "configurationType": "custom", "name": name, "accountId": "ac1",
     "accountName": "Acme", "allowEnvelopePublish": on, "siteId": 4}
    for ident, name, on in (("71", "To the flow", "true"), ("72", "Archive", "false"))
]  # fmt: skip
DETAILS = {
    "71": {"connectId": "71", "urlToPublishTo": "https://hooks.zapier.com/hooks/catch/1/made-up/",
           "deliveryMode": "SIM", "events": ["envelope-completed"], "allowEnvelopePublish": "true",
           "name": "To the flow"},
    "72": {"connectId": "72", "urlToPublishTo": "https://archive.acme.example/in",
           "allowEnvelopePublish": "false", "name": "Archive"},
}  # fmt: skip


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


def plant() -> Vendor:
    vendor = Vendor()

    def stream(asked: Asked) -> Any:
        """A moment, or a place in the stream; at the end the same place again."""
        cursor = asked.query.get("cursor", "")
        if asked.holes["organization"] != ORG:
            return Reply({"message": "another organization"}, 403)
        first = 0
        if "T" in cursor:
            begin = _moment(cursor)
            earlier = [one for one in EVENTS if _moment(one["timestamp"]) < begin]
            first = len(earlier)
        elif cursor:
            first = int(cursor)
        page = EVENTS[first : first + vendor.page_size]
        return {"resultData": page, "endCursor": str(first + len(page))}

    def config(asked: Asked) -> Any:
        found = DETAILS.get(asked.holes["id"])
        return found or Reply({"message": "none"}, 404)

    def exchange(asked: Asked) -> Any:
        vendor.queries.append(asked.body)
        jwt.decode(asked.body["assertion"], PUBLIC, algorithms=["RS256"], audience="127.0.0.1")
        return {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}

    vendor.route(docusign.EVENTS.id, stream, "cursor limit")
    vendor.route(docusign.CONFIGS.id, lambda asked: {"configurations": CONFIGS}, "sortBy siteId")
    vendor.route(docusign.CONFIG.id, config)
    vendor.route(EXCHANGE.id, exchange, is_open=True)
    return vendor


CASE = Case(
    name="docusign",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "organization_id": ORG, "url": url, "admin_url": url,
        "auth_url": url, "integration_key": "app1", "user_id": "u9",
    },
    records=[*EVENTS, *DETAILS.values()],
    environ={"DOCUSIGN_PRIVATE_KEY": PRIVATE},
    kept_days=docusign.KEPT.days,
    is_counted=True,  # a stream that tells the same place again is at its end
    published=(
        Published(
            MONITOR, EVENTS,
            "timestamp eventId site accountId organizationId userId integratorKey userAgent "
            "userAgentClientInfo.* ipAddress ipAddressLocation.* object action property field "
            "result source isUserMemberOfDomain referencedUserIsMemberOfDomain referencedUserId "
            "proxyStatus proxyType proxyLevel latitude longitude city state country device browser "
            "os affectedUserId affectedUserIsMemberOfDomain data data.*",
        ),
        Published(
            ADMIN, CONFIGS,
            "connectId configurationType disabledBy allowSalesforcePublish name accountId "
            "accountName allowEnvelopePublish siteId pausePublish requiresAcknowledgement "
            "totalSetSize errorDetail.*",
        ),
        Published(
            ADMIN, list(DETAILS.values()),
            "connectId configurationType allowEnvelopePublish urlToPublishTo deliveryMode events "
            "associatedFilterSelection accountIds userIds groupIds name "
            "signMessageWithX509Certificate includeOAuth includeHMAC pausePublish eventData.*",
        ),
    ),
)  # fmt: skip
