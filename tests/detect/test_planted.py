"""One AI asset a file, in every surface that code scanning understands: each is found where it
stands, as what it is, and its neighbours without AI are not."""

from __future__ import annotations

import textwrap

import pytest

from scanner.detect.engine import Detector
from scanner.detect.interpret import evidence_of
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.items import Place

PLANTED: tuple[tuple[str, str, str], ...] = (
    # imports and clients
    ("py/app.py", "from openai import OpenAI\nOpenAI()", "openai"),
    ("py/gem.py", "from google import genai\n", "google_gemini"),
    ("py/vertex.py", "import vertexai\n", "google_vertex"),
    ("py/lc.py", "from langchain_anthropic import ChatAnthropic\n", "anthropic"),
    ("py/hf.py", "from transformers import pipeline\n", "transformers"),
    ("py/agents.py", "from agents import Agent, Runner\nx = Agent(name='Triage')\n",
     "agent/triage"),
    ("py/adk.py", "from google.adk.agents import Agent\nroot = Agent(name='root_agent')\n",
     "agent/root-agent"),
    ("py/strands.py", "from strands import Agent\nhelper = Agent(tools=[a])\n", "agent/helper"),
    ("py/smol.py", "from smolagents import CodeAgent\nbot = CodeAgent(tools=[])\n", "agent/bot"),
    ("py/pyd.py", "from pydantic_ai import Agent\nbank = Agent('openai:gpt-4o')\n", "agent/bank"),
    ("py/sk.py", "from semantic_kernel.agents import ChatCompletionAgent\n"
     "a = ChatCompletionAgent(name='Host')\n", "agent/host"),
    ("py/autogen.py", "from autogen_agentchat.agents import AssistantAgent\n"
     "a = AssistantAgent('writer', name='writer')\n", "agent/writer"),
    ("py/lg.py", "from langgraph.prebuilt import create_react_agent\n"
     "g = create_react_agent(m, [], name='desk')\n", "agent/desk"),
    ("py/li.py", "from llama_index.core.agent.workflow import FunctionAgent\n"
     "f = FunctionAgent(name='mail')\n", "agent/mail"),
    ("py/boto.py", "import boto3\nc = boto3.client('bedrock-runtime')\n", "aws_bedrock"),
    ("py/raw.py", "import requests\nrequests.post('https://api.mistral.ai/v1/chat/completions')\n",
     "mistral"),
    ("js/app.ts", "import Anthropic from '@anthropic-ai/sdk'\n", "anthropic"),
    ("js/ai.ts", "import { createOpenAI } from '@ai-sdk/openai'\n", "openai"),
    ("go/main.go", 'import (\n\topenai "github.com/sashabaranov/go-openai"\n)\n', "openai"),
    ("java/A.java", "import dev.langchain4j.model.openai.OpenAiChatModel;\n", "openai"),
    ("java/S.java", "import org.springframework.ai.chat.client.ChatClient;\n", "spring_ai"),
    ("kt/B.kt", "import com.aallam.openai.client.OpenAI\n", "openai"),
    ("cs/P.cs", "using Microsoft.SemanticKernel;\n", "semantic_kernel"),
    ("rs/main.rs", "use async_openai::Client;\n", "openai"),
    ("rb/app.rb", 'require "openai"\n', "openai"),
    ("php/a.php", "<?php\nuse OpenAI\\Client;\n", "openai"),
    # manifests of every ecosystem
    ("requirements.txt", "chromadb>=0.5\n", "chroma"),
    ("package.json", '{"dependencies": {"@pinecone-database/pinecone": "^3"}}', "pinecone"),
    ("go.mod", "module x\nrequire github.com/tmc/langchaingo v0.1.12\n", "langchaingo|langchain"),
    ("pom.xml", "<project><dependencies><dependency><groupId>dev.langchain4j</groupId>"
     "<artifactId>langchain4j</artifactId></dependency></dependencies></project>",
     "langchain4j"),
    ("build.gradle.kts", 'dependencies { implementation("com.openai:openai-java:1.0") }', "openai"),
    ("App.csproj", '<Project><ItemGroup><PackageReference Include="Azure.AI.OpenAI" '
     'Version="2.0"/></ItemGroup></Project>', "azure_openai"),
    ("Cargo.toml", '[dependencies]\nasync-openai = "0.2"\n', "openai"),
    ("Gemfile", "gem 'ruby_llm'\n", "ruby_llm"),
    ("composer.json", '{"require": {"openai-php/client": "^0.10"}}', "openai"),
    ("environment.yml", "dependencies:\n  - pytorch\n  - pip:\n    - anthropic\n", "anthropic"),
    ("Package.swift", '.package(url: "https://github.com/MacPaw/OpenAI", from: "0.2.0")', "openai"),
    ("pubspec.yaml", "name: a\ndependencies:\n  google_generative_ai: ^0.4.0\n", "google_gemini"),
    ("DESCRIPTION", "Package: x\nImports: ellmer,\n    dplyr\n", "ellmer"),
    # endpoints, models, variables
    ("svc/llm.go", 'cfg.BaseURL = "x"\nu := "https://llm.contoso-ai.net/v1/chat/completions"\n',
     "endpoint/llm.contoso-ai.net"),
    ("svc/.env", "VLLM_BASE_URL=http://gpu-7.corp:8000/v1\n", "endpoint/gpu-7.corp:8000"),
    ("svc/settings.yaml", "model: claude-sonnet-4-5\n", "anthropic"),
    ("svc/env.sh", "export GROQ_API_KEY=$(vault read x)\n", "groq"),
    # infrastructure
    ("tf/main.tf", 'resource "aws_sagemaker_endpoint" "scoring" {\n  name = "s"\n}\n',
     "resource/aws_sagemaker_endpoint.scoring"),
    ("tf/iam.tf", 'data "aws_iam_policy_document" "p" {\n  statement {\n    actions = '
     '["bedrock:InvokeModel"]\n    resources = ["*"]\n  }\n}\n', "grant/aws_bedrock"),
    ("tf/gpu.tf", 'resource "aws_instance" "g" {\n  instance_type = "g5.2xlarge"\n}\n',
     "compute/gpu"),
    ("cfn/t.yaml", "Resources:\n  Kb:\n    Type: AWS::Bedrock::KnowledgeBase\n"
     "    Properties: {Name: x}\n", "resource/AWS::Bedrock::KnowledgeBase:Kb"),
    ("serverless.yml", "provider:\n  iam:\n    role:\n      statements:\n        - Effect: Allow\n"
     "          Action: [bedrock:InvokeModel]\n          Resource: '*'\n", "grant/aws_bedrock"),
    ("infra/m.bicep", "resource acc 'Microsoft.CognitiveServices/accounts@2024-10-01' = {\n"
     "  name: 'x'\n  kind: 'OpenAI'\n}\n",
     "resource/Microsoft.CognitiveServices/accounts:acc"),
    ("cdk/stack.ts", "import * as iam from 'aws-cdk-lib/aws-iam'\nnew iam.PolicyStatement({\n"
     "  actions: ['bedrock:*'], resources: ['*'] })\n", "grant/aws_bedrock"),
    ("pulumi/index.ts", 'import * as aws from "@pulumi/aws";\n'
     'const e = new aws.sagemaker.Endpoint("scoring", {});\n', "aws_sagemaker"),
    ("k8s/isvc.yaml", "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\n"
     "metadata:\n  name: llama\n", "resource/InferenceService:llama"),
    ("k8s/deploy.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n"
     "      containers:\n        - name: v\n          image: vllm/vllm-openai:latest\n"
     "          resources: {limits: {nvidia.com/gpu: 1}}\n", "compute/gpu"),
    ("docker-compose.yml", "services:\n  o:\n    image: ollama/ollama\n", "ollama"),
    ("Dockerfile", "FROM ghcr.io/huggingface/text-generation-inference:3\n",
     "text_generation_inference"),
    (".github/workflows/review.yml", "jobs:\n  a:\n    steps:\n"
     "      - uses: anthropics/claude-code-action@v1\n", "claude_code"),
    (".gitlab-ci.yml", "t:\n  script: [run]\n  variables:\n    K: $OPENAI_API_KEY\n", "openai"),
    # SQL
    ("sql/a.sql", "select snowflake.cortex.complete('mistral-large', t) from x;\n",
     "snowflake_cortex"),
    ("sql/b.sql", "SELECT * FROM ML.GENERATE_TEXT(MODEL `d.m`, TABLE d.t, STRUCT(1 AS x))\n",
     "google_vertex|bigquery"),
    ("sql/c.sql", "SELECT ai_query('databricks-meta-llama', q) FROM t\n", "databricks"),
    ("sql/d.sql", "CREATE EXTENSION IF NOT EXISTS vector;\n", "pgvector"),
    # agents, assistants, flows
    (".mcp.json", '{"mcpServers": {"files": {"command": "npx", "args": ["-y", '
     '"@modelcontextprotocol/server-filesystem"]}}}', "mcp/files"),
    (".vscode/mcp.json", '{"servers": {"gh": {"type": "http", "url": '
     '"https://api.githubcopilot.com/mcp/"}}}', "mcp/gh"),
    (".codex/config.toml", '[mcp_servers.docs]\ncommand = "uvx"\nargs = ["mcp-docs"]\n',
     "mcp/docs"),
    ("srv/server.py", 'from mcp.server.fastmcp import FastMCP\nmcp = FastMCP("Tickets")\n',
     "mcp/tickets"),
    ("CLAUDE.md", "# Rules\n", "claude_code"),
    (".cursorrules", "be brief\n", "cursor"),
    (".github/copilot-instructions.md", "x\n", "github_copilot"),
    ("langgraph.json", '{"graphs": {"desk": "./a.py:graph"}, "dependencies": ["."]}',
     "agent/desk"),
    ("config/agents.yaml", "editor:\n  role: Editor\n  goal: edit\n  backstory: long\n",
     "agent/editor"),
    ("flows/n8n.json", '{"name": "Mail", "nodes": [{"name": "m", "type": '
     '"@n8n/n8n-nodes-langchain.lmChatOpenAi", "parameters": {"model": "gpt-4o"}}], '
     '"connections": {}}', "flow/flows/n8n.json"),
    ("flows/dify.yml", "kind: app\napp:\n  name: Desk\n  mode: chat\nmodel_config:\n  model:\n"
     "    provider: openai\n    name: gpt-4o\n", "flow/flows/dify.yml"),
    ("nb/a.ipynb", '{"cells": [{"cell_type": "code", "source": ["import cohere\\n"], "outputs": []}'
     '], "nbformat": 4}', "cohere"),
)  # fmt: skip

PLAIN: tuple[tuple[str, str], ...] = (
    ("app/a.py", "class Agent:\n    pass\n\nbot = Agent(role='buyer')\n"),
    ("app/b.py", "import boto3\nboto3.client('s3').list_buckets()\n"),
    ("app/c.ts", "// together we replicate and cohere\nexport const model = 'T-800'\n"),
    ("README.txt", "We work together; the pipeline replicates; cursor moves; groq is no word.\n"),
    ("k8s/d.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 2\n"),
    ("tf/m.tf", 'resource "aws_s3_bucket" "b" {\n  bucket = "models"\n}\n'),
    ("sql/x.sql", "select complete, classify from tasks where vector = 1;\n"),
    ("requirements.txt", "requests==2.32\nflask\nnumpy\n"),
    ("package.json", '{"dependencies": {"express": "4", "agent-base": "7"}}'),
    ("app/d.py", "from .openai import helper\nfrom mycompany.agents import Agent\n"),
    ("values.yaml", "image:\n  repository: nginx\n  tag: latest\n"),
    ("app/e.go", 'import "net/http"\nhttp.Get("https://example.com/v1/users")\n'),
    ("config/settings.json", '{"servers": {"db": {"command": "postgres"}}, "model": "Focus"}'),
)


def _seen(detector: Detector, path: str, text: str) -> set[str]:
    """Providers and parts that a scan would report at medium confidence or more."""
    place = Place(subject=NodeId("repo"), path=path)
    found: set[str] = set()
    weak: dict[str, set[str]] = {}
    for hit in detector.examine(textwrap.dedent(text).encode(), path, ("credentials", "usage")):
        sure = evidence_of(hit, place, "code").confidence
        for key in filter(None, (hit.provider, hit.part)):
            weak.setdefault(key, set()).add(hit.rule)
            if sure.rank >= Confidence.MEDIUM.rank or len(weak[key]) > 1:
                found.add(key)
    return found


@pytest.mark.parametrize(("path", "text", "expected"), PLANTED, ids=[row[0] for row in PLANTED])
def test_what_is_planted_is_found_as_what_it_is(
    detector: Detector, path: str, text: str, expected: str
) -> None:
    seen = _seen(detector, path, text)
    assert seen & set(expected.split("|")), seen


@pytest.mark.parametrize(("path", "text"), PLAIN, ids=[row[0] for row in PLAIN])
def test_what_is_no_ai_is_not_found(detector: Detector, path: str, text: str) -> None:
    assert _seen(detector, path, text) == set()
