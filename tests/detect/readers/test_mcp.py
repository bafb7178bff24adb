"""MCP servers as clients configure them and as code makes them; no value of anything is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scanner.detect.engine import Detector
from scanner.detect.mcp.server import server_of, slug
from scanner.model.base import encode
from scanner.model.items import Hit, HitKind

BOTH = ("credentials", "usage")
SECRET = "hunter2-hunter2-hunter2"


def _hits(detector: Detector, path: str, text: str) -> tuple[Hit, ...]:
    return detector.examine(text.encode(), path, BOTH)


def _servers(detector: Detector, path: str, text: str) -> dict[str, Hit]:
    return {hit.part: hit for hit in _hits(detector, path, text) if hit.part.startswith("mcp/")}


CLAUDE = """{
  "mcpServers": {
    "Playwright": {"command": "npx", "args": ["-y", "@playwright/mcp@0.0.78", "--headless"]},
    "git": {"command": "uvx", "args": ["mcp-server-git==1.2.0", "--repository", "/home/ada/x"],
            "env": {"GIT_TOKEN": "hunter2-hunter2-hunter2"}},
    "github": {"command": "docker", "args": ["run", "-i", "--rm", "-e",
       "GITHUB_PERSONAL_ACCESS_TOKEN=hunter2-hunter2-hunter2", "ghcr.io/github/github-mcp-server"]},
    "linear": {"type": "http", "url": "https://mcp.linear.app/mcp?key=hunter2-hunter2-hunter2",
       "headers": {"Authorization": "Bearer hunter2-hunter2-hunter2"}}
  }
}"""


def test_a_clients_list_gives_each_server_without_any_value(detector: Detector) -> None:
    hits = _hits(detector, ".mcp.json", CLAUDE)
    servers = {hit.part: hit for hit in hits if hit.part}

    assert set(servers) == {"mcp/playwright", "mcp/git", "mcp/github", "mcp/linear"}
    playwright, git = dict(servers["mcp/playwright"].tags), dict(servers["mcp/git"].tags)
    assert playwright == {"transport": "stdio", "command": "npx", "package": "npm:@playwright/mcp",
                          "version": "0.0.78", "pinned": "yes"}  # fmt: skip
    assert (git["package"], git["pinned"], git["env"]) == (
        "pypi:mcp-server-git",
        "yes",
        "GIT_TOKEN",
    )
    github, linear = dict(servers["mcp/github"].tags), dict(servers["mcp/linear"].tags)
    assert github["package"] == "image:ghcr.io/github/github-mcp-server"
    assert (github["pinned"], github["env"]) == ("no", "GITHUB_PERSONAL_ACCESS_TOKEN")
    assert (linear["host"], linear["headers"]) == ("mcp.linear.app", "Authorization")
    assert servers["mcp/playwright"].name == "Playwright"
    assert [servers[p].line for p in ("mcp/playwright", "mcp/git", "mcp/linear")] == [3, 4, 8]
    assert SECRET.encode() not in encode(hits)
    assert b"/home/ada" not in encode(hits)
    assert [h.provider for h in hits if h.kind is HitKind.MCP_SERVER and not h.part] == ["mcp"]


_ONE: dict[str, Any] = {"command": "npx", "args": ["-y", "x-mcp"]}


@pytest.mark.parametrize(
    ("path", "document"),
    [
        (".vscode/mcp.json", {"inputs": [], "servers": {"x": {"type": "stdio", **_ONE}}}),
        ("a.code-workspace", {"settings": {"mcp": {"servers": {"x": _ONE}}}}),
        ("settings.json", {"mcp.servers": {"x": _ONE}}),
        (".gemini/settings.json", {"mcpServers": {"x": {"httpUrl": "https://a.io/mcp"}}}),
        ("mcp_config.json", {"mcpServers": {"x": {"serverUrl": "https://a.io/sse"}}}),
        ("opencode.json", {"mcp": {"x": {"type": "local", "command": ["npx", "x-mcp"]}}}),
        (".zed/settings.json", {"context_servers": {"x": {"command": {"path": "npx"}}}}),
        ("agent.json", {"tools": [1], "mcpServers": [{"name": "x", **_ONE}]}),
        ("devcontainer.json", {"customizations": {"vscode": {"mcp": {"servers": {"x": _ONE}}}}}),
        (".amp/settings.json", {"amp.mcpServers": {"x": _ONE}}),
    ],
)  # fmt: skip
def test_every_clients_place(detector: Detector, path: str, document: dict[str, Any]) -> None:
    assert "mcp/x" in _servers(detector, path, json.dumps(document, indent=2))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".codex/config.toml", 'model = "o3"\n[mcp_servers.x]\ncommand = "npx"\nargs = ["a"]\n'),
        (".continue/config.yaml", "mcpServers:\n  - name: x\n    command: npx\n    args: [a]\n"),
        (".config/goose/config.yaml", "extensions:\n  x:\n    type: stdio\n    cmd: npx\n"
         "    args: [x-mcp]\n    envs: {}\n"),
        ("recipe.yaml", "extensions:\n  - type: stdio\n    name: x\n    cmd: uvx\n    args: [y]\n"),
        ("mcp_agent.config.yaml", "mcp:\n  servers:\n    x:\n      command: npx\n"),
        ("config.yaml", "model_list: []\nmcp_servers:\n  x:\n    url: https://a.io/mcp\n"),
    ],
)  # fmt: skip
def test_toml_and_yaml_places(detector: Detector, path: str, text: str) -> None:
    hit = _servers(detector, path, text)["mcp/x"]
    assert text.splitlines()[hit.line - 1].strip(" -[]:")[-1] == "x"


@pytest.mark.parametrize(
    ("words", "package", "version"),
    [
        (["npx", "-y", "@a/b@latest"], "npm:@a/b", "latest"),
        (["npx", "--package=@a/b@1.0.0", "c"], "npm:@a/b", "1.0.0"),
        (["cmd", "/c", "npx", "-y", "b"], "npm:b", ""),
        (["bash", "-c", "npx -y b@2"], "npm:b", "2"),
        (["pnpm", "dlx", "b"], "npm:b", ""),
        (["pnpm", "run", "start"], "", ""),
        (["/Users/ada/.local/bin/uvx", "--python", "3.12", "b[x]@1.2"], "pypi:b", "1.2"),
        (["uvx", "--from", "git+https://tok@github.com/A/B.git", "b"], "git:github.com/a/b", ""),
        (["uv", "tool", "run", "b"], "pypi:b", ""),
        (["uv", "run", "server.py"], "", ""),
        (["python", "-m", "mcp_server_time.main"], "pypi:mcp_server_time", ""),
        (["node", "/srv/build/index.js"], "", ""),
        (["docker", "run", "--rm", "-v", "/a:/b", "--env=K=v", "mcp/time:1.0"], "image:mcp/time",
         "1.0"),
        (["npx", "-y", "mcp-remote", "https://mcp.x.io/sse"], "npm:mcp-remote", ""),
        (["npx"], "", ""), (["npx", "--registry"], "", ""), ([], "", ""),
    ],
)  # fmt: skip
def test_what_is_started(words: list[str], package: str, version: str) -> None:
    server = server_of({"command": words[0], "args": words[1:]} if words else {"command": ""})

    assert (server.package, server.version) == (package, version)


def test_a_proxied_server_shows_where_it_is() -> None:
    assert server_of({"command": ["npx", "mcp-remote", "https://mcp.x.io/sse"]}).host == "mcp.x.io"
    assert server_of({"url": "https://${HOST}/mcp"}).host == ""
    assert server_of({"url": "http://localhost:8931/sse"}).transport == "sse"


def test_the_catalogue_says_whose_a_server_is(detector: Detector) -> None:
    servers = _servers(
        detector, "mcp.json",
        '{"mcpServers": {"f": {"command": "npx", "args": ["firecrawl-mcp"]},'
        ' "h": {"url": "https://api.openai.com/v1/mcp"}}}',
    )  # fmt: skip

    assert servers["mcp/h"].provider == "openai"


def test_published_servers(detector: Detector) -> None:
    registry = {
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-09-29/server.schema.json",
        "name": "io.github.ada/weather", "version": "1.0.1",
        "packages": [{"registryType": "npm", "identifier": "@ada/weather", "version": "1.0.1",
                      "environmentVariables": [{"name": "KEY", "isSecret": True}]}],
    }  # fmt: skip
    tags = dict(_servers(detector, "server.json", json.dumps(registry))[
        "mcp/io.github.ada/weather"].tags)  # fmt: skip
    assert (tags["role"], tags["package"], tags["env"]) == ("server", "npm:@ada/weather", "KEY")

    bundle = {"dxt_version": "0.1", "name": "files", "server": {
        "type": "node", "entry_point": "server/index.js",
        "mcp_config": {"command": "node", "args": ["x"], "env": {"DIR": "y"}}}}  # fmt: skip
    assert "mcp/files" in _servers(detector, "manifest.json", json.dumps(bundle))
    smithery = "startCommand:\n  type: stdio\n"
    assert "mcp/weather" in _servers(detector, "src/weather/smithery.yaml", smithery)
    compose = "services:\n  a:\n    image: mcp/postgres:1.0\n  b:\n    image: acme/mcp/x\n"
    assert set(_servers(detector, "compose.yaml", compose)) == {"mcp/postgres"}


@pytest.mark.parametrize(
    ("path", "text", "part"),
    [
        ("srv.py", 'from mcp.server.fastmcp import FastMCP\nmcp = FastMCP("Demo Tools", port=1)\n',
         "mcp/demo-tools"),
        ("srv.py", 'from fastmcp import FastMCP\nm = FastMCP(\n    name="demo",\n)\n', "mcp/demo"),
        ("srv.py", 'from mcp.server import Server\napp = Server("mcp-git")\n', "mcp/mcp-git"),
        ("pkg/weather/server.py", "from fastmcp import FastMCP\nm = FastMCP(auth=a)",
         "mcp/weather"),
        ("srv.py", 'import semantic_kernel\ns = k.as_mcp_server(server_name="sk")', "mcp/sk"),
        ("index.ts", 'import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";\n'
         'const s = new McpServer({\n  name: "memory",\n  version: "1"\n});', "mcp/memory"),
        ("index.ts", 'import { Server } from "@modelcontextprotocol/sdk/server/index.js";\n'
         'const s = new Server({ name: "files" }, {});', "mcp/files"),
        ("main.go", 'import "github.com/mark3labs/mcp-go/server"\n'
         's := server.NewMCPServer(\n\t"calc", "1.0")', "mcp/calc"),
        ("main.go", 'import (\n"github.com/modelcontextprotocol/go-sdk/mcp"\n)\n'
         's := mcp.NewServer(&mcp.Implementation{Name: "greeter"}, nil)', "mcp/greeter"),
        ("src/Weather/Program.cs", "using ModelContextProtocol.Server;\nb.Services\n"
         ".AddMcpServer()\n.WithTools();\nName = \"x\"", "mcp/weather"),
        ("A.java", 'import io.modelcontextprotocol.server.McpServer;\nMcpServer.sync(t)\n'
         '.serverInfo("shop", "1");', "mcp/shop"),
        ("m.rs", 'use rmcp::ServerHandler;\nimpl ServerHandler for Counter {\n'
         'fn i() { Implementation { name: "counter".into() } }', "mcp/counter"),
    ],
)  # fmt: skip
def test_servers_in_code(detector: Detector, path: str, text: str, part: str) -> None:
    server = _servers(detector, path, text)[part]

    assert ("role", "server") in server.tags


def test_clients_in_code_are_evidence_of_the_protocol(detector: Detector) -> None:
    text = (
        "from mcp import ClientSession, StdioServerParameters\nimport aiohttp\n"
        "p = StdioServerParameters(command='uv', args=['x'])\nasync with ClientSession(r, w): ...\n"
    )
    hits = _hits(detector, "a.py", text)

    clients = {hit.label: hit.line for hit in hits if hit.kind is HitKind.CLIENT}
    assert clients.items() >= {"StdioServerParameters": 3, "ClientSession": 4}.items()
    adapters = "from langchain_mcp_adapters.client import MultiServerMCPClient as M\n" \
               "c = MultiServerMCPClient({})\n"  # fmt: skip
    assert any(hit.kind is HitKind.CLIENT for hit in _hits(detector, "a.py", adapters))


def test_a_hosted_tool_is_a_server(detector: Detector) -> None:
    text = 'tools=[{"type": "mcp", "server_label": "deepwiki",\n' \
           '"server_url": "https://mcp.deepwiki.com/mcp"}]'  # fmt: skip

    assert ("host", "mcp.deepwiki.com") in _servers(detector, "a.py", text)["mcp/deepwiki"].tags


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "import aiohttp  # mcp\ns = aiohttp.ClientSession()\napp = Server('x')\n"),
        ("a.py", "from mcp import types\nfrom db import MCPServer\nx = MCPServer(name='y')\n"),
        ("a.py", "from mcp.server import Server\nclass Server2(Server): pass\n"),
        ("a.ts", "import { Server } from 'socket.io'; // mcp\nnew Server({name: 'x'})"),
        ("openapi.json", '{"servers": [{"url": "https://api.x.io", "name": "x"}], "mcp": 1}'),
        ("mcp.json", '{"mcpServers": {"x": {"disabled": true}, "y": 3, "z": []}}'),
        ("mcp.json", '{"mcpServers": ' + "[" * 5000),
        ("mcp.json", '{"servers": 3, "mcpServers": [3, null, {"name": "", "command": "x"}]}'),
        ("extensions.yaml", "extensions:\n  x:\n    type: theme\n    cmd: y\n"),
        ("server.json", '{"packages": [3], "name": 4}'),
        ("server.json", '{"packages": 3, "name": "x", "remotes": "y"}'),
        ("manifest.json", '{"name": "x", "server": "mcp_config"}'),
        ("smithery.yaml", "- a\n"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_server_is_none(detector: Detector, path: str, text: str) -> None:
    assert _servers(detector, path, text) == {}


def test_names_become_parts_of_ids() -> None:
    assert slug("My  Server/Prod #1") == "my-server/prod-1"
    assert slug("\n ") == "unnamed"
    assert len(slug("x" * 500)) == 80
    weird = server_of({"command": "npx", "args": [None, 3, {"a": 1}], "env": [1, "A=b", "b c"]})
    assert weird.env == ("A",)


def test_half_a_surrogate_pair_can_be_stored(detector: Detector) -> None:
    text = '{"mcpServers": {"\\ud800": {"command": "npx", "args": ["\\ud801"]}}}'

    encode(detector.examine(text.encode(), "mcp.json", BOTH))


def test_servers_whose_names_differ_by_what_an_id_cannot_show_stay_two(detector: Detector) -> None:
    names = ["a b", "a\u200bb", "\u65e5\u672c", "\u4e2d\u56fd", "x" * 120 + "1", "x" * 120 + "2"]
    text = json.dumps({"mcpServers": {name: {"command": "npx"} for name in names}})

    assert len(_servers(detector, ".mcp.json", text)) == len(names)
    assert slug("Notes App") == slug("notes app") == "notes-app"
    assert slug("\u65e5\u672c").isascii()
