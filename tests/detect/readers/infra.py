"""What tests of the infrastructure readers share: rules of their own beside the bundled ones, so
that they say what is read whatever the catalogue lists today."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from scanner.detect.engine import Detector
from scanner.model.items import Hit, HitKind
from scanner.rulebook.load import load

_TYPES = {
    "zz_test_sagemaker": [
        ("terraform", "aws_sagemaker_zz_endpoint", "model_endpoint"),
        ("cloudformation", "AWS::SageMaker::ZzEndpoint", "model_endpoint"),
    ],
    "zz_test_cloud": [
        ("terraform", "zzcloud_ai_endpoint", "model_endpoint"),
        ("terraform", "zzcloud_ai_index", "vector_store"),
        ("terraform", "zzcloud_ai_notebook", "notebook"),
        ("cloudformation", "AWS::ZzAi::Agent", "agent"),
        ("cloudformation", "AWS::ZzAi::KnowledgeBase", "knowledge_base"),
        ("cloudformation", "AWS::ZzAi::Guardrail", "other"),
        ("arm", "Microsoft.ZzAi/accounts", "model_endpoint"),
        ("arm", "Microsoft.ZzAi/accounts/deployments", "model_endpoint"),
        ("arm", "Microsoft.ZzAi/workspaces", "workload"),
        ("kubernetes", "serving.zzserve.io/InferenceService", "model_endpoint"),
        ("kubernetes", "zzgroup.io/*", "workload"),
    ],
}


def _rules() -> Path:
    root = Path(mkdtemp(prefix="rules-"))
    (root / "products").mkdir()
    for ident, types in _TYPES.items():
        lines = [
            f"id: {ident}", f"name: {ident}", "category: cloud_ai", "homepage: https://example.com",
            'as_of: "2026-11-24"', "resources:",
        ]  # fmt: skip
        lines += [
            f"  - {{form: {form}, type: '{kind}', asset_class: {cls}, "
            "reference: https://example.com}"
            for form, kind, cls in types
        ]
        (root / "products" / f"{ident}.yaml").write_text("\n".join(lines) + "\n")
    return root


@cache
def extended() -> Detector:
    """A detector that knows made-up resource types, too."""
    return Detector(load(extra=[_rules()]), b"a-fixed-fingerprint-key-for-tests")


def examined(text: str | bytes, path: str, kind: HitKind | None = None) -> list[Hit]:
    """Hits of the extended detector, of one kind where it is given."""
    data = text if isinstance(text, bytes) else text.encode()
    hits = extended().examine(data, path, ("credentials", "usage"))
    return [hit for hit in hits if kind is None or hit.kind is kind]


def tags(hit: Hit) -> dict[str, str]:
    return dict(hit.tags)
