"""Clients, endpoints, models and agents in code, bound to what the file imports."""

from __future__ import annotations

import textwrap

import pytest

from scanner.detect.engine import Detector
from scanner.model.evidence import Confidence, Setting
from scanner.model.items import Hit, HitKind

BOTH = ("credentials", "usage")


def _hits(detector: Detector, text: str, path: str = "app/main.py") -> list[Hit]:
    return list(detector.examine(textwrap.dedent(text).encode(), path, BOTH))


def _kinds(hits: list[Hit], *kinds: HitKind) -> list[tuple[str, str, str, int]]:
    return [(h.kind, h.provider, h.part or h.label, h.line) for h in hits if h.kind in kinds]


def test_an_sdk_that_is_pointed_elsewhere_is_told_as_what_it_is(detector: Detector) -> None:
    hits = _hits(
        detector,
        """\
        import os
        from openai import OpenAI as Client
        LAN = "http://llm.corp.internal:8000/v1"
        one = Client(base_url="https://api.deepseek.com/v1")
        two = Client(base_url=LAN, api_key="x")
        three = Client(base_url=os.getenv("BASE", "https://api.newvendor.ai/v1"))
        four = Client(base_url=os.environ["NOT_KNOWN"])
        five = Client(base_url="https://your-endpoint.example.com/v1")
        """,
    )
    assert _kinds(hits, HitKind.CLIENT) == [
        ("client", "deepseek", "api.deepseek.com", 4),
        ("client", "", "endpoint/llm.corp.internal:8000", 5),
        ("client", "", "endpoint/api.newvendor.ai", 6),
    ]
    assert all(h.rule == "openai-client-elsewhere" for h in hits if h.kind is HitKind.CLIENT)
    assert ("sdk", "openai") in next(h.tags for h in hits if h.part.endswith("newvendor.ai"))


def test_a_constructor_of_the_same_name_is_nothing_where_nothing_is_imported(
    detector: Detector,
) -> None:
    text = """\
        from travel import Agent, OpenAI
        a = Agent(role="seller", goal="sell")
        b = OpenAI(base_url="http://llm.corp.internal:8000/travel", model="boeing-747")
        """
    assert _hits(detector, text) == []
    assert _hits(detector, "agent = Agent(role='x')\nimport boto3\nboto3.client('s3')\n") == []


def test_agents_are_things_of_their_own(detector: Detector) -> None:
    hits = _hits(
        detector,
        """\
        from crewai import Agent, Crew

        editor = Agent(
            role="Senior Editor", goal="edit", backstory="long",
            tools=[search, files.Read()], llm="gpt-4o",
        )
        crew = Crew(agents=[editor])
        """,
    )
    agents = [h for h in hits if h.kind is HitKind.AGENT]
    assert [(h.part, h.name, h.line, h.provider) for h in agents] == [
        ("agent/senior-editor", "Senior Editor", 3, "crewai"),
        ("agent/crew", "crew", 7, "crewai"),
    ]
    assert dict(agents[0].tags) == {
        "framework": "crewai",
        "tools": "search, Read",
        "prompt": "4 characters",
    }
    assert dict(agents[1].tags)["role"] == "team"


def test_models_that_no_catalogue_knows_are_named_by_the_call(detector: Detector) -> None:
    hits = _hits(
        detector,
        """\
        import anthropic
        anthropic.Anthropic().messages.create(model="x")
        from langchain_openai import ChatOpenAI
        llm = ChatOpenAI(model="ft:acme-support-7", temperature=0)
        """,
    )
    assert ("model", "openai", "ft:acme-support-7", 4) in _kinds(hits, HitKind.MODEL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("curl https://api.newvendor.ai/v1/chat/completions -d {}", "endpoint/api.newvendor.ai"),
        ('client.Post("http://10.1.2.3:9999/v1/embeddings", body)', "endpoint/10.1.2.3:9999"),
        ("OPENAI_BASE_URL=https://gateway.corp.net/openai", "endpoint/gateway.corp.net"),
        ('  - name: LLM_ENDPOINT\n    value: "http://llm-svc:8080"', "endpoint/llm-svc:8080"),
        ("vllm_base_url: http://gpu-01:8000/v1", "endpoint/gpu-01:8000"),
        ('cfg.BaseURL = "x"; OpenAIBase := 1', ""),
        ("see https://platform.openai.com/docs/v1/responses", ""),
        ("POST https://slack.com/api/chat.postMessage", ""),
        ("https://hooks.corp.net/v2/messages-archive", ""),
        ("OPENAI_BASE_URL=https://your-gateway.example.com/v1", ""),
        ("OPENAI_BASE_URL=${GATEWAY}/v1", ""),
        ("GITHUB_API_URL=https://github.com/v1/messages", ""),
    ],
)
def test_endpoints_by_the_shape_of_url_and_name(
    detector: Detector, text: str, expected: str
) -> None:
    hits = [h for h in _hits(detector, text, "deploy/settings.txt") if h.kind is HitKind.ENDPOINT]
    assert [h.part for h in hits] == ([expected] if expected else [])


def test_scripts(detector: Detector) -> None:
    hits = _hits(
        detector,
        """\
        import OpenAI from 'openai'
        import { Agent as Helper, run } from '@openai/agents'
        const GATEWAY_URL = 'https://ai.corp.net/v1'
        export const client = new OpenAI({
          apiKey: process.env.KEY, baseURL: GATEWAY_URL,
        })
        const other = new OpenAI({ baseURL: process.env.X ?? "https://openrouter.ai/api/v1" })
        export const triage = new Helper({ name: 'Triage', instructions: `Sort { mail }`,
          model: 'gpt-4o-mini', tools: [lookup, refund] })
        """,
        "src/a.ts",
    )
    clients = _kinds(hits, HitKind.CLIENT)
    assert ("client", "", "endpoint/ai.corp.net", 5) in clients
    assert ("client", "openrouter", "openrouter.ai", 7) in clients
    (agent,) = [h for h in hits if h.kind is HitKind.AGENT]
    assert (agent.part, agent.line, agent.models) == ("agent/triage", 8, ("gpt-4o-mini",))
    assert dict(agent.tags)["tools"] == "lookup, refund"


def test_what_is_commented_out_is_not_in_use(detector: Detector) -> None:
    hits = _hits(detector, "# from openai import OpenAI\n# https://api.openai.com/v1\nx = 1\n")
    assert {h.context for h in hits} == {Setting.COMMENT}
    text = 'X = "https://api.openai.com/v1"  # call\n'
    (hit,) = _hits(detector, text)
    assert hit.context is None
    assert hit.confidence is Confidence.HIGH


@pytest.mark.parametrize(
    "text",
    [
        "from openai import OpenAI\nOpenAI(" + "(" * 5000,
        "from crewai import Agent\nAgent(*x, **y)\nAgent(role=None, tools=3, name=b'x')\n",
        "import openai\nopenai.OpenAI(base_url=1, model=f'{x}')\nopenai.OpenAI(base_url='http://[')\n",
        "from openai import OpenAI\n" + "x = [" * 3000,
        "\0from openai import OpenAI",
    ],
)
def test_broken_or_hostile_python_gives_no_trouble(detector: Detector, text: str) -> None:
    _hits(detector, text)


@pytest.mark.parametrize("unit", ["{", "new OpenAI({", "import {", "'", "`", "http://a"])
def test_hostile_scripts_are_read_in_time(detector: Detector, unit: str) -> None:
    text = "import OpenAI from 'openai'\nnew OpenAI({baseURL: 1})\n" + unit * 20_000
    _hits(detector, text, "a.ts")


@pytest.mark.parametrize(
    "text",
    [
        'class C:\n    BASE = "http://llm.corp.net/v1"\n    c = OpenAI(base_url=BASE)\n',
        'BASE: str = "http://llm.corp.net/v1"\nc = OpenAI(base_url=BASE)\n',
        'def f():\n    base = "http://llm.corp.net/v1"\n    return OpenAI(base_url=base)\n',
        'HOST = "http://llm.corp.net"\nc = OpenAI(base_url=f"{HOST}/v1")\n',
        'HOST = "http://llm.corp.net"\nc = OpenAI(base_url=HOST + "/v1")\n',
        'import openai\nopenai.api_base = "http://llm.corp.net/v1"\n',
        'def f(base_url="http://llm.corp.net/v1"):\n    return OpenAI(base_url=base_url)\n',
    ],
)
def test_base_urls_by_way_of_names(detector: Detector, text: str) -> None:
    hits = _hits(detector, f"from openai import OpenAI\n{text}")
    assert [h.part for h in hits if h.kind is HitKind.CLIENT] == ["endpoint/llm.corp.net"]


def test_a_name_with_two_values_is_not_guessed(detector: Detector) -> None:
    text = (
        'from openai import OpenAI\nU = "http://a.corp.net/v1"\nU = "http://b.corp.net/v1"\n'
        "c = OpenAI(base_url=U)\n"
    )
    assert not [h for h in _hits(detector, text) if h.kind is HitKind.CLIENT]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("A.java", 'import com.openai.client.okhttp.OpenAIOkHttpClient;\n'
         'var c = OpenAIOkHttpClient.builder()\n'
         '.baseUrl("http://llm.corp.net/v1").build();'),
        ("B.java", 'import com.openai.client.okhttp.OpenAIOkHttpClient;\n'
         'static final String BASE = "http://llm.corp.net/v1";\n'
         'var c = OpenAIOkHttpClient.builder().baseUrl(BASE).build();'),
        ("b.rs", 'use async_openai::config::OpenAIConfig;\nconst BASE: &str = '
         '"http://llm.corp.net/v1";\nlet c = OpenAIConfig::new().with_api_base(BASE);'),
        ("a.kt", 'import com.aallam.openai.client.OpenAIHost\nval h = OpenAIHost(baseUrl = '
         '"http://llm.corp.net/v1/")'),
        ("a.go", 'import (\n\topenai "github.com/sashabaranov/go-openai"\n)\n'
         'cfg := openai.DefaultConfig("x")\ncfg.BaseURL = "http://llm.corp.net/v1"'),
        ("a.go", 'import "github.com/openai/openai-go/option"\noption.WithBaseURL("http://llm.corp.net/v1")'),
        ("P.cs", 'using OpenAI;\nvar o = new OpenAIClientOptions { Endpoint = new Uri('
         '"http://llm.corp.net/v1") };'),
        ("a.rb", 'require "openai"\nOpenAI::Client.new(uri_base: "http://llm.corp.net/v1")'),
        ("a.rs", 'use async_openai::config::OpenAIConfig;\nlet c = OpenAIConfig::new()'
         '.with_api_base("http://llm.corp.net/v1");'),
        ("a.php", "<?php\nuse OpenAI\\Client;\n$c = OpenAI::factory()->withBaseUri("
         "'http://llm.corp.net/v1');"),
        ("a.ts", "import OpenAI from 'openai'\nconst gw = 'http://llm.corp.net/v1'\n"
         "new OpenAI({ baseURL: gw })"),
        ("a.ts", "import OpenAI from 'openai'\nconst baseURL = 'http://llm.corp.net/v1'\n"
         "new OpenAI({ apiKey, baseURL })"),
    ],
)  # fmt: skip
def test_base_urls_in_every_language(detector: Detector, path: str, text: str) -> None:
    hits = _hits(detector, text, path)
    clients = [h for h in hits if h.kind is HitKind.CLIENT]
    assert [h.part for h in clients] == ["endpoint/llm.corp.net"]
    assert clients[0].rule == "openai-client-elsewhere"
    alone = 'x.BaseURL = "http://llm.corp.net/v1"; y.withBaseUrl("http://llm.corp.net/v1")\n'
    assert not _hits(detector, alone, path)


@pytest.mark.parametrize(
    "text",
    [
        'import OpenAI from "npm:openai@4.20.0"',
        'import OpenAI from "https://esm.sh/openai@4?target=deno"',
        'import OpenAI from "https://deno.land/x/openai@v4.20.0/mod.ts"',
        'import OpenAI from "jsr:@openai/openai@4"',
        'const x = await import("npm:openai")',
    ],
)
def test_packages_named_as_deno_and_browsers_do(detector: Detector, text: str) -> None:
    hits = _hits(detector, text, "supabase/functions/a/index.ts")
    assert {h.provider for h in hits} == {"openai"}


def test_modules_that_are_imported_by_name(detector: Detector) -> None:
    text = 'import importlib\nx = importlib.import_module("anthropic")\ny = __import__("cohere")\n'
    assert {h.provider for h in _hits(detector, text)} == {"anthropic", "cohere"}
    rust = "fn main() { let c = async_openai::Client::new(); }"
    assert {h.provider for h in _hits(detector, rust, "src/main.rs")} == {"openai"}


@pytest.mark.parametrize(
    "text",
    [
        'fetch("https://api.mailco.com/v1/messages")',
        'url = "https://forms.surveyco.com/v1/responses"',
        'POST = "https://faas.cloudco.com/invocations"',
        'MODEL_URL = "https://cdn.furniture.com/chair.glb"',
        'MODEL_BASE_URL = "https://cars.dealer.com/api"',
    ],
)
def test_ordinary_paths_are_no_endpoints(detector: Detector, text: str) -> None:
    assert _hits(detector, text + "\n") == []


def test_a_path_with_talk_of_models_around_is_one(detector: Detector) -> None:
    text = 'fetch("https://gw.newco.net/v1/messages", {body: {model: "x", max_tokens: 9}})\n'
    assert [h.part for h in _hits(detector, text)] == ["endpoint/gw.newco.net"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("scp.json", '{"Statement": [{"Effect": "Deny", "Action": ["bedrock:InvokeModel"]}]}'),
        ("scp.json", '{"Statement": [{"Action": ["bedrock:InvokeModel"], "Effect": "Deny"}]}'),
        ("a.yaml", "Statement:\n  - Effect: Deny\n    Action: bedrock:InvokeModel\n"),
    ],
)
def test_what_a_policy_denies_is_not_in_use(detector: Detector, path: str, text: str) -> None:
    assert _hits(detector, text, path) == []
    assert _hits(detector, text.replace("Deny", "Allow"), path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("C.java", "import com.openai.client.okhttp.OpenAIOkHttpClient;\n"
         "var ai = OpenAIOkHttpClient.fromEnv();\n"
         'var w = WebClient.builder()\n  .baseUrl("https://weather.corp.net").build();\n'),
        ("m.go", 'import (\n\topenai "github.com/sashabaranov/go-openai"\n)\n'
         'c := openai.NewClient("x")\nj := jira.Config{BaseURL: "https://jira.corp.net"}\n'),
        ("P.cs", "using OpenAI;\nvar c = new OpenAIClient();\n"
         'var o = new BlobOptions { Endpoint = new Uri("https://blob.corp.net") };\n'),
        ("a.kt", "import com.aallam.openai.client.OpenAI\nval ai = OpenAI(token)\n"
         'val r = Retrofit.Builder().baseUrl("https://weather.corp.net").build()\n'),
        ("a.php", "<?php\nuse OpenAI\\Client;\n$ai = OpenAI::client($key);\n"
         "$g = new GuzzleHttp\\Client(['base_uri' => 'https://jira.corp.net']);\n"),
        ("a.rb", 'require "openai"\nai = OpenAI::Client.new\n'
         'f = Faraday.new(url: "https://jira.corp.net")\n'),
    ],
)  # fmt: skip
def test_another_clients_url_is_not_the_models(detector: Detector, path: str, text: str) -> None:
    hits = _hits(detector, text, path)
    assert any(h.provider == "openai" for h in hits)
    assert not [h for h in hits if h.kind is HitKind.CLIENT]


def test_a_denial_in_cdk_is_not_in_use(detector: Detector) -> None:
    text = (
        "new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: ['bedrock:InvokeModel'] })\n"
    )
    assert not [h for h in _hits(detector, text, "a.ts") if h.kind is HitKind.IDENTIFIER]
