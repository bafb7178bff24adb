"""Kubernetes, Kustomize, Helm: objects by group and kind, images of values, accelerators."""

from __future__ import annotations

import pytest

from scanner.model.items import HitKind
from tests.detect.readers.infra import examined, tags

MANIFEST = """\
apiVersion: v1
kind: Namespace
metadata:
  name: ml
---
apiVersion: serving.zzserve.io/v1beta1
kind: InferenceService
metadata:
  labels:
    app: llm
  name: "llama"
spec:
  predictor:
    model:
      storageUri: hf://meta-llama/Llama-3.1-8B-Instruct
      resources:
        limits:
          nvidia.com/gpu: "1"
    nodeSelector:
      cloud.google.com/gke-accelerator: nvidia-l4
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: hpa
spec:
  scaleTargetRef:
    apiVersion: serving.zzserve.io/v1beta1
    kind: InferenceService
    name: llama
---
kind: Anything
metadata:
  name: wild
apiVersion: zzgroup.io/v1
"""


def test_objects_and_accelerators() -> None:
    hits = examined(MANIFEST, "deploy/llm.yaml")

    one, two = [hit for hit in hits if hit.kind is HitKind.RESOURCE]
    assert (one.part, one.line, one.provider) == (
        "resource/InferenceService:llama", 6, "zz_test_cloud",
    )  # fmt: skip
    assert one.models == ("meta-llama/Llama-3.1-8B-Instruct",)
    assert one.asset_class == "model_endpoint"
    assert (two.part, two.line) == ("resource/Anything:wild", 35)
    gpus = {(h.label, h.line, h.part) for h in hits if h.kind is HitKind.COMPUTE}
    assert gpus == {("nvidia.com/gpu", 18, "compute/gpu"), ("nvidia-l4", 20, "compute/gpu")}
    assert tags(one) == {"declared_name": "llama"}


def test_a_list_of_objects() -> None:
    text = """\
apiVersion: v1
kind: List
items:
  - apiVersion: serving.zzserve.io/v1beta1
    kind: InferenceService
    metadata:
      name: a
  - apiVersion: serving.zzserve.io/v1beta1
    kind: InferenceService
    metadata:
      name: b
"""
    hits = examined(text, "all.yml", HitKind.RESOURCE)

    assert [(hit.part, hit.line) for hit in hits] == [
        ("resource/InferenceService:a", 4), ("resource/InferenceService:b", 8),
    ]  # fmt: skip


TEMPLATE = """\
{{- if .Values.enabled }}
apiVersion: serving.zzserve.io/v1beta1
kind: InferenceService
metadata:
  name: {{ include "x.fullname" . }}
spec:
  containers:
    - image: vllm/vllm-openai:v0.6
      args:
        - --model
        - Qwen/Qwen2.5-7B-Instruct
        - "--port={{ .Values.port }}"
      resources:
        limits:
          nvidia.com/gpu: {{ .Values.gpus }}
{{- end }}
"""


def test_a_helm_template_is_read_though_it_is_no_yaml() -> None:
    hits = examined(TEMPLATE, "chart/templates/isvc.yaml")

    (made,) = [hit for hit in hits if hit.kind is HitKind.RESOURCE]
    assert (made.part, made.line) == ("resource/InferenceService:isvc", 2)
    (model,) = [hit for hit in hits if hit.kind is HitKind.MODEL]
    assert (model.label, model.provider, model.line) == ("Qwen/Qwen2.5-7B-Instruct", "vllm", 11)
    assert [hit.line for hit in hits if hit.kind is HitKind.COMPUTE] == [15]


def test_values_kustomize_and_charts() -> None:
    values = "image:\n  repository: ollama/ollama\n  tag: 0.5\nweb:\n  repository: nginx\n"
    (image,) = examined(values, "chart/values.yaml", HitKind.IMAGE)
    kustom = "images:\n- name: app\n  newName: ghcr.io/vllm/vllm-openai\n  newTag: v1\n"
    (renamed,) = examined(kustom, "k8s/kustomization.yaml", HitKind.IMAGE)
    chart = "name: x\ndependencies:\n  - name: ollama\n    version: 1\n  - name: redis\n"
    (package,) = examined(chart, "chart/Chart.yaml", HitKind.PACKAGE)

    assert (image.provider, image.line) == ("ollama", 2)
    assert (renamed.provider, renamed.line) == ("vllm", 3)
    assert (package.label, package.provider, package.line) == ("ollama", "ollama", 3)


def test_model_of_a_variable() -> None:
    text = """\
apiVersion: apps/v1
kind: Deployment
spec:
  containers:
    - image: ghcr.io/huggingface/text-generation-inference:2.0
      env:
        - name: MODEL_ID
          value: "mistralai/Mistral-7B-v0.1"
"""
    (hit,) = examined(text, "tgi.yaml", HitKind.MODEL)

    assert (hit.label, hit.line) == ("mistralai/Mistral-7B-v0.1", 8)
    assert hit.provider == "text_generation_inference"


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n",
        "# apiVersion: serving.zzserve.io/v1\nkind: InferenceService\n",
        "resources:\n  limits:\n    nvidia.com/gpu: 0\n",
        "    # nvidia.com/gpu: 1\n",
        "tolerations:\n  - key: nvidia.com/gpu\n    operator: Exists\n",
        "image:\n  repository: nginx\n",
        "apiVersion: v1\nargs: ['--model', 'own-model']\n",
        '{{- define "x" -}}{{- end }}\napiVersion: v1\n',
    ],
)
def test_what_is_no_ai(text: str) -> None:
    hits = examined(text, "a.yaml")

    assert [hit for hit in hits if hit.part or hit.kind is HitKind.MODEL] == []


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: serving.zzserve.io/v1\n" * 5000,
        "---\n" * 50_000 + "apiVersion: zzgroup.io/v1\nkind: A\n",
        "metadata:\n" * 20_000 + "apiVersion: zzgroup.io/v1\nkind: A\n",
        "apiVersion: zzgroup.io/v1\nkind: A\nmetadata:\n" + "  a: b\n" * 50_000,
        "repository: " * 50_000,
        "- " * 100_000 + ".com/gpu",
        "dependencies:\n" + "- a\n" * 50_000,
    ],
)
@pytest.mark.parametrize("path", ["a.yaml", "Chart.yaml", "kustomization.yaml"])
def test_hostile_manifests(path: str, text: str) -> None:
    examined(text, path)


def test_the_namespace_that_an_object_says_itself() -> None:
    text = """\
apiVersion: serving.zzserve.io/v1beta1
kind: InferenceService
metadata:
  name: a
  labels: {app: a}
  namespace: "models"
---
apiVersion: serving.zzserve.io/v1beta1
kind: InferenceService
metadata:
  name: b
  namespace: {{ .Release.Namespace }}
spec:
  store: {namespace: other}
"""
    one, two = examined(text, "all.yml", HitKind.RESOURCE)

    assert tags(one) == {"declared_name": "a", "declared_namespace": "models"}
    assert "declared_namespace" not in tags(two)
