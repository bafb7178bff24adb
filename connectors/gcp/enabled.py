"""APIs of models that a project has enabled, of whose use nothing stays that a list could show.

A call to Gemini leaves no resource behind: that its API is enabled is the one thing to be seen.
https://cloud.google.com/service-usage/docs/reference/rest/v1/services/list
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.gcp import operations
from connectors.gcp.hierarchy import SERVICES, Project, project_id
from scanner.kit.tabled.edges import edge_of
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Relation
from scanner.model.items import Item

KIND = "gcp.enabled_api"
APIS = {
    "aiplatform.googleapis.com": ("Vertex AI API", "google_vertex"),
    "automl.googleapis.com": ("Cloud AutoML API", "google_vertex"),
    "cloudaicompanion.googleapis.com": ("Gemini for Google Cloud API", "google_gemini"),
    "generativelanguage.googleapis.com": ("Gemini API", "google_gemini"),
    "geminidataanalytics.googleapis.com": ("Data Analytics API with Gemini", "google_gemini"),
    "language.googleapis.com": ("Cloud Natural Language API", "google_speech"),
    "retail.googleapis.com": ("Vertex AI Search for commerce API", "google_vertex"),
    "speech.googleapis.com": ("Cloud Speech-to-Text API", "google_speech"),
    "texttospeech.googleapis.com": ("Cloud Text-to-Speech API", "google_speech"),
    "translate.googleapis.com": ("Cloud Translation API", "google_speech"),
    "videointelligence.googleapis.com": ("Cloud Video Intelligence API", "google_speech"),
    "vision.googleapis.com": ("Cloud Vision API", "google_speech"),
}
"""Name of the API -> what people call it, and whose models answer."""


def items(one: Project, environment: str) -> Iterator[Item]:
    for name in sorted((one.services or frozenset()) & APIS.keys()):
        title, provider = APIS[name]
        ident = NodeId(f"//serviceusage.googleapis.com/projects/{one.id}/services/{name}")
        evidence = Evidence(rule=operations.operation_id(SERVICES), source="gcp", resource=ident)
        yield Asset(
            id=ident, kind=KIND, name=f"{title} in {one.id}", asset_class=AssetClass.INTEGRATION,
            provider=provider, account=project_id(one.id), environment=environment,
            status="ENABLED", evidence=(evidence,),
        )  # fmt: skip
        yield edge_of(project_id(one.id), ident, Relation.CONTAINS, evidence)
        yield edge_of(ident, NodeId(f"provider:{provider}"), Relation.CALLS, evidence)
