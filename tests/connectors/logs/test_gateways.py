"""Logs of AI gateways name models and no hosts: they are found by what tells their format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.logs.formats import formats, marks
from connectors.logs.search import every_line
from scanner.cli import cli
from scanner.detect.engine import Detector
from scanner.model.facts import Asset, Edge, Relation
from tests.connectors.logs.conftest import Read
from tests.connectors.logs.samples import SAMPLES

GATEWAYS = [one.name for one in formats() if one.marks]
LINES = [
    (name, header, line)
    for name, header, line, told in SAMPLES
    if name in GATEWAYS and "provider" in told
]


def test_every_log_that_names_a_provider_alone_has_marks_and_a_sample() -> None:
    naming = {one.name for one in formats() if one.fields.keys() & {"provider", "model"}}
    assert naming - {"json", "table", "key-value"} == {*GATEWAYS}
    assert {*GATEWAYS} <= {name for name, *_ in SAMPLES}


@pytest.mark.parametrize(
    ("name", "header", "line"), LINES, ids=[f"{one[0]}-{n}" for n, one in enumerate(LINES)]
)
def test_a_line_is_found_though_no_host_is_in_it(
    tmp_path: Path, read: Read, name: str, header: str, line: str
) -> None:
    (tmp_path / "a.log").write_text(header + f"{line}\n" * 3)
    things = [item for item in read("a.log").items if isinstance(item, Asset)]
    assert [(one.evidence[0].rule, one.evidence[0].count) for one in things] == [
        (f"logs.{name}", 3)
    ]


def test_each_plugin_that_called_a_model_counts(tmp_path: Path, read: Read) -> None:
    """https://docs.konghq.com/gateway/3.8.x/ai-gateway/ai-analytics"""
    asked = {
        "client_ip": "10.0.0.4",
        "ai": {
            "payload": {"request": "x"},
            "ai-request-transformer": {"meta": {"request_model": "a", "provider_name": "cohere"}},
            "proxy": {"meta": {"request_model": "b", "provider_name": "mistral"}},
        },
    }
    (tmp_path / "a.log").write_text(json.dumps(asked) + "\n")
    told = read("a.log")
    assert {item.provider for item in told.assets.values()} == {"cohere", "mistral"}


def test_ordinary_logs_have_no_mark(detector: Detector) -> None:
    """Lines with one would all be parsed: collectors' fields, Kubernetes, Windows, web servers."""
    find = detector.watch.search(marks())
    line = json.dumps({
        "@timestamp": "2026-11-28T10:00:00Z", "winlog": {"provider_name": "Security"},
        "metadata": {"model": "x", "provider": "aws"}, "endpoint": "/health", "cached": True,
        "gateway": "10.0.0.1", "requestObject": {"kind": "Pod"}, "statuscode": 200,
    }).encode()  # fmt: skip
    assert find(line) == []
    assert len(find(b'{"ai_org": "x"}\n{\\"request_model\\": 1}')) == 2


def test_every_line_is_one_place() -> None:
    assert every_line(memoryview(b"a\nbc\n\nd")) == [1, 4, 7]


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("azure.ai.openai", "azure_openai"), ("Azure-AI_OpenAI", "azure_openai"),
        ("gcp.vertex_ai", "google_vertex"), ("GOOGLE", "google_gemini"), ("AZURE", "azure_openai"),
        ("perplexity-ai", "perplexity"), ("together-ai", "together"), ("x_ai", "xai"),
        ("workers-ai", "cloudflare_ai"), ("aws.bedrock", "aws_bedrock"), ("nobody", ""), ("", ""),
    ],
)  # fmt: skip
def test_providers_by_the_names_that_gateways_give_them(
    detector: Detector, name: str, provider: str
) -> None:
    assert detector.watch.named(name) == provider


@pytest.mark.parametrize(
    ("asked", "thing"),
    [
        ({"ai_org": "newco", "ai_model": "x-1"}, "newco"),
        ({"genai_model_name": "x-1", "path": "/anthropic/v1/x"}, "server of a.log"),
    ],
)
def test_a_provider_that_no_rule_knows_is_told(
    tmp_path: Path, read: Read, asked: dict[str, str], thing: str
) -> None:
    (tmp_path / "a.log").write_text(json.dumps(asked) + "\n")
    (found,) = read("a.log").assets.values()
    assert (found.name, found.kind, found.models) == (thing, "logs.model_endpoint", ("x-1",))


LITELLM = {"custom_llm_provider": "openai", "model": "x", "startTime": 1764324000.5}
BEDROCK = {"schemaType": "ModelInvocationLog", "operation": "InvokeModel"}
ENVOY = {"genai_model_name": "x", "genai_backend_name": "default/openai/route/shop/rule/0/ref/0"}


def span(operation: str, provider: str, **more: object) -> dict[str, object]:
    told = {"gen_ai.operation.name": operation, "gen_ai.provider.name": provider}
    told |= more.pop("attributes", {})  # type: ignore[arg-type]
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]
    return {"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": pairs, **more}]}]}]}


@pytest.mark.parametrize(
    ("asked", "thing"),
    [
        ({**LITELLM, "call_type": "aembedding"}, "OpenAI: embeddings"),
        ({**LITELLM, "call_type": "aembedding", "api_base": "https://api.openai.com/v1/"},
         "OpenAI: embeddings"),
        ({**LITELLM, "call_type": "aimage_generation"}, "OpenAI: images"),
        ({**LITELLM, "call_type": "atranscription"}, "OpenAI: speech"),
        ({**LITELLM, "call_type": "speech"}, "OpenAI: speech"),
        ({**LITELLM, "call_type": "acompletion", "model": "ft:embedder"}, "OpenAI: API calls"),
        ({**LITELLM, "call_type": "arerank"}, "OpenAI: API calls"),
        ({**BEDROCK, "modelId": "amazon.titan-embed-text-v2:0"}, "Amazon Bedrock: embeddings"),
        ({**BEDROCK, "modelId": "amazon.titan-image-generator-v1"}, "Amazon Bedrock: images"),
        ({**BEDROCK, "modelId": "anthropic.claude-3-haiku"}, "Amazon Bedrock: API calls"),
        ({"ai_org": "openai", "ai_model": "text-embedding-3-small"}, "OpenAI: embeddings"),
        ({"ai_org": "openai", "ai_model": "whisper-1"}, "OpenAI: speech"),
        ({"ai_org": "openai", "ai_model": "gpt-4o"}, "OpenAI: API calls"),
        ({"Provider": "openai", "Model": "x", "Endpoint": "images/generations",
          "RateLimited": False}, "OpenAI: images"),
        ({"Provider": "openai", "Model": "x", "Endpoint": "embeddings", "RateLimited": False},
         "OpenAI: embeddings"),
        (span("embeddings", "openai"), "OpenAI: embeddings"),
        (span("invoke_agent", "anthropic"), "Anthropic: agent"),
        (span("create_agent", "anthropic"), "Anthropic: agent"),
        (span("chat", "anthropic"), "Anthropic: API calls"),
        ({**ENVOY, "x-envoy-origin-path": "/v1/embeddings"}, "OpenAI: embeddings"),
        ({**ENVOY, "x-envoy-origin-path": "/v1/chat/completions"}, "OpenAI: API calls"),
    ],
)  # fmt: skip
def test_gateways_say_what_a_call_was(
    tmp_path: Path, read: Read, asked: dict[str, object], thing: str
) -> None:
    (tmp_path / "a.log").write_text(json.dumps(asked) + "\n")
    assert {*read("a.log").assets} == {thing}


CLOUDFLARE = {"Provider": "openai", "Model": "x", "Endpoint": "chat/completions",
              "RateLimited": False, "Metadata": {"user": "anna"}}  # fmt: skip
CLOUDFLARE_API = {"provider": "openai", "model": "x", "endpoint": "chat/completions",
                  "cached": False}  # fmt: skip
PORTKEY = {"ai_org": "openai", "ai_model": "x"}
HELICONE = {"helicone_user": "anna", "provider": "OPENAI", "request_model": "x"}
KONG = {"client_ip": "10.0.0.4",
        "ai": {"proxy": {"meta": {"request_model": "b", "provider_name": "mistral"}}}}  # fmt: skip
BY_ARN = {**BEDROCK, "modelId": "x", "identity": {"arn": "arn:aws:iam::111122223333:user/anna"}}
BY_WHOM = {"user.id": "anna"}


@pytest.mark.parametrize(
    ("asked", "is_use"),
    [
        ({**BY_ARN, "errorCode": "AccessDeniedException"}, False),
        ({**BY_ARN, "errorCode": "ThrottlingException"}, False),
        ({**BY_ARN, "errorCode": None}, True),
        ({**BY_ARN, "errorCode": ""}, True),
        (BY_ARN, True),
        ({**LITELLM, "user": "anna", "status": "failure"}, False),
        ({**LITELLM, "user": "anna", "metadata": {"status": "failure"}}, False),
        ({**LITELLM, "user": "anna", "status": "success"}, True),
        ({**KONG, "response": {"status": 429}}, False),
        ({**KONG, "response": {"status": 200}}, True),
        ({**PORTKEY, "metadata": {"_user": "anna"}, "response_status_code": 401}, False),
        ({**PORTKEY, "metadata": {"_user": "anna"}, "is_success": False}, False),
        ({**PORTKEY, "metadata": {"_user": "anna"}, "is_success": True,
          "response_status_code": 200}, True),
        ({**HELICONE, "response_status": 500}, False),
        ({**HELICONE, "response_status": -1}, False),
        ({**HELICONE, "response_status": -4}, False),
        ({**HELICONE, "response_status": -3}, True),
        ({**HELICONE, "response_status": 200}, True),
        ({**CLOUDFLARE, "StatusCode": 403}, False),
        ({**CLOUDFLARE, "RateLimited": True}, False),
        ({**CLOUDFLARE, "StatusCode": 200}, True),
        ({**CLOUDFLARE_API, "metadata": {"user": "anna"}, "success": False}, False),
        ({**CLOUDFLARE_API, "metadata": {"user": "anna"}, "status_code": 500}, False),
        ({**CLOUDFLARE_API, "metadata": {"user": "anna"}, "success": True, "status_code": 200},
         True),
        ({**ENVOY, "user": "anna", "response_code": 429}, False),
        ({**ENVOY, "user": "anna", "response_code": 200}, True),
        (span("chat", "openai", attributes=BY_WHOM, status={"code": 2}), False),
        (span("chat", "openai", attributes=BY_WHOM, status={"code": "STATUS_CODE_ERROR"}), False),
        (span("chat", "openai", attributes={**BY_WHOM, "error.type": "timeout"}), False),
        (span("chat", "openai", attributes={**BY_WHOM, "http.response.status_code": "429"}), False),
        (span("chat", "openai", attributes=BY_WHOM, status={"code": 1}), True),
        (span("chat", "openai", attributes=BY_WHOM, status={}), True),
    ],
)  # fmt: skip
def test_a_call_that_failed_is_an_attempt(
    tmp_path: Path, read: Read, asked: dict[str, object], is_use: bool
) -> None:
    (tmp_path / "a.log").write_text(json.dumps(asked) + "\n")
    told = read("a.log")
    (thing,) = told.assets.values()
    ways = {item.relation for item in told.items if isinstance(item, Edge)}
    assert thing.is_ai == is_use
    assert (Relation.USED_BY in ways, Relation.TRIED_BY in ways) == (is_use, not is_use)
    assert thing.evidence[0].count == 1


def test_a_table_of_a_gateway_tells_what_failed(tmp_path: Path, read: Read) -> None:
    """LiteLLM_SpendLogs as a table."""
    (tmp_path / "a.csv").write_text(
        "request_id,call_type,startTime,model,custom_llm_provider,user,status\n"
        "r1,acompletion,2026-11-28 10:00:00,gpt-4o,openai,anna,success\n"
        "r2,acompletion,2026-11-28 10:00:01,gpt-4o,openai,anna,failure\n"
        "r3,acompletion,2026-11-28 10:00:02,gpt-4o,openai,bert,failure\n"
    )
    told = read("a.csv")
    assert told.use == {("anna", "OpenAI: API calls"): 1}
    assert {*told.people} == {"anna", "bert"}


def test_what_a_site_answered_through_a_proxy_is_use(tmp_path: Path, read: Read) -> None:
    asked = {"host": "api.openai.com", "path": "/v1/chat/completions", "user": "anna"}
    lines = [json.dumps({**asked, "status": status}) for status in (401, 403, 429, 500)]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n")
    assert read("a.log").use == {("anna", "OpenAI: API calls"): 3}


def test_the_table_says_that_a_call_was_in_vain(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(json.dumps({**LITELLM, "user": "anna", "status": "failure"}) + "\n")
    done = CliRunner().invoke(cli, ["scan", "--logs", str(log)])
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows[rows.index(["who", "tried, in vain", "requests", "first", "last"]) + 1][:3] == [
        "anna", "OpenAI: API calls", "1",
    ]  # fmt: skip
    assert "refused" not in done.stdout


HELICONE_MADE = {"helicone_user": "anna", "request_model": "x", "provider": "CUSTOM"}


def called(host: str, port: str) -> dict[str, object]:
    more = {"gen_ai.request.model": "x", "server.address": host, "server.port": port}
    return span("chat", "openai", attributes=more)


AT_GATEWAY = {"genai_model_name": "x", "genai_backend_name": "openai", ":authority": "ai.corp"}


@pytest.mark.parametrize(
    ("asked", "thing"),
    [
        # LiteLLM calls whatever speaks OpenAI's protocol by that word:
        # https://docs.litellm.ai/docs/providers/openai_compatible
        ({**LITELLM, "api_base": "http://llm.corp:9000/v1"}, "llm.corp:9000"),
        ({**LITELLM, "api_base": "https://api.groq.com/openai/v1"}, "Groq: API calls"),
        ({**LITELLM, "custom_llm_provider": "ollama", "api_base": "http://llm.corp:11434"},
         "llm.corp:11434"),
        ({**LITELLM, "custom_llm_provider": "ollama"}, "Ollama: API calls"),
        ({**LITELLM, "custom_llm_provider": "hosted_vllm", "api_base": "http://a.corp:8000/v1"},
         "a.corp:8000"),
        ({**LITELLM, "custom_llm_provider": "hosted_vllm"}, "hosted_vllm"),
        # The path of the address counts, not the word for the call.
        ({**LITELLM, "custom_llm_provider": "cloudflare", "call_type": "acompletion",
          "api_base": "https://api.cloudflare.com/client/v4/accounts/a/ai/run/"},
         "Cloudflare Workers AI and AI Gateway: API calls"),
        ({**LITELLM, "custom_llm_provider": "snowflake", "call_type": "acompletion",
          "api_base": "https://acme.snowflakecomputing.com/api/v2/cortex/inference:complete"},
         "Snowflake Cortex: API calls"),
        ({**HELICONE_MADE, "request_path": "http://llm.corp:9000/v1/chat/completions"},
         "llm.corp:9000"),
        ({**HELICONE_MADE, "target_url": "https://api.groq.com/openai/v1", "request_path": "/v1/x"},
         "Groq: API calls"),
        # A gateway's own address is nobody's who answers.
        ({**HELICONE_MADE, "provider": "OPENAI", "request_path": "https://oai.helicone.ai/v1/x"},
         "OpenAI: API calls"),
        ({"ai_org": "openai", "ai_model": "x", "request": {"url": "https://api.portkey.ai/v1/x"}},
         "OpenAI: API calls"),
        (AT_GATEWAY, "OpenAI: API calls"),
        ({**AT_GATEWAY, "genai_backend_name": "default/own/route/a/rule/0/ref/0"}, "own"),
        # https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/: the provider is the one
        # whose library it is; the address may help to tell whose server it was.
        (called("llm.corp", "8000"), "llm.corp:8000"),
        (called("api.groq.com", "443"), "Groq: API calls"),
        (called("https://llm.corp:8000/v1", ""), "llm.corp:8000"),
    ],
)  # fmt: skip
def test_the_address_that_was_called_decides_and_not_the_word_for_its_protocol(
    tmp_path: Path, read: Read, asked: dict[str, object], thing: str
) -> None:
    (tmp_path / "a.log").write_text(json.dumps(asked) + "\n")
    assert {*read("a.log").assets} == {thing}


def test_a_server_of_ones_own_is_one_asset_in_a_gateways_log_and_a_proxys(
    tmp_path: Path, read: Read
) -> None:
    own = {**LITELLM, "custom_llm_provider": "hosted_vllm"}
    lines = [{**own, "user": who, "api_base": f"http://{host}:8000/v1"}
             for who, host in (("anna", "a.corp"), ("bert", "B.corp"))]  # fmt: skip
    (tmp_path / "gateway.log").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (tmp_path / "proxy.log").write_text(
        "1795860000.123 250 10.1.2.3 TCP_MISS/200 500 POST http://a.corp:8000/v1/chat/completions "
        "carl HIER_DIRECT/192.0.2.4 text/event-stream\n"
    )
    told = read("gateway.log", "proxy.log")
    assert told.use == {
        ("anna", "a.corp:8000"): 1, ("carl", "a.corp:8000"): 1, ("bert", "b.corp:8000"): 1,
    }  # fmt: skip
    ids = {item.id for item in told.items if isinstance(item, Asset)}
    assert ids == {f"logs:traffic/endpoint/{host}:8000" for host in ("a.corp", "b.corp")}
