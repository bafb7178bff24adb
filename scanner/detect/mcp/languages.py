"""How each language's SDK makes a server and a client: which import must be there, which
constructor, where the name is.

https://modelcontextprotocol.io/docs/sdk and the SDKs' own READMEs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sdk:
    """``needs``: the import without which a constructor's name means nothing. ``servers``: ends at
    the opening bracket. ``name``: looked for within the call."""

    suffixes: tuple[str, ...]
    needs: re.Pattern[bytes]
    servers: re.Pattern[bytes]
    name: re.Pattern[bytes]
    clients: re.Pattern[bytes]


_QUOTED = rb"[\"'`]([^\"'`\n$\{\}]{1,100})[\"'`]"
_FIRST_OR_NAME = re.compile(
    rb"\A\(\s{0,40}" + _QUOTED + rb"|\b(?:server_)?name\s{0,4}[=:]\s{0,4}" + _QUOTED
)

SDKS: tuple[Sdk, ...] = (
    Sdk(
        (".py",),
        re.compile(
            rb"(?m)^[ \t]{0,20}(?:from|import)[ \t]{1,4}(?:mcp|fastmcp|fastapi_mcp)(?![\w-])"
        ),
        re.compile(
            rb"(?<![\w.])(?:(?:fastmcp|mcp)\.)?(FastMCP|FastApiMCP|MCPServer|Server|LowLevelServer)"
            rb"(?=\()"
        ),
        _FIRST_OR_NAME,
        re.compile(
            rb"(?<!class )(?<![\w.])(StdioServerParameters|ClientSession|ClientSessionGroup"
            rb"|stdio_client|sse_client|streamablehttp_client|streamable_http_client|Client)(?=\()"
        ),
    ),
    Sdk(
        (".py",),
        re.compile(
            rb"(?m)^[ \t]{0,20}(?:from|import)[ \t]{1,4}"
            rb"(?:langchain_mcp_adapters|mcp_use|crewai_tools|crewai|agents\.mcp|agents|pydantic_ai|smolagents|strands|llama_index\.tools\.mcp"
            rb"|google\.adk|autogen_ext\.tools\.mcp|semantic_kernel|agno|claude_agent_sdk)(?![\w-])"
        ),
        re.compile(rb"(?<!def )(?<!\w)as_mcp_server(?=\()"),
        _FIRST_OR_NAME,
        re.compile(
            rb"(?<!class )(?<!def )(?<![\w.])(MultiServerMCPClient|load_mcp_tools"
            rb"|MCPServerStdio|MCPServerSse|MCPServerStreamableHttp|MCPServerStreamableHTTP|MCPServerSSE|HostedMCPTool"
            rb"|MCPToolset|McpToolset|MCPServerAdapter|MCPClient|MCPTools|BasicMCPClient|McpToolSpec"
            rb"|McpWorkbench|StdioServerParams|MCPStdioPlugin|MCPSsePlugin|MCPStreamableHttpPlugin"
            rb"|create_sdk_mcp_server)(?=\()"
        ),
    ),
    Sdk(
        (".ts", ".js", ".mts", ".mjs", ".tsx", ".cjs"),
        re.compile(
            rb"[\"'](?:@modelcontextprotocol/(?:sdk|server|client|core)|fastmcp|mcp-framework|mcp-handler"
            rb"|@vercel/mcp-adapter|agents/mcp|@mastra/mcp|mcp-use|@ai-sdk/mcp)(?:/[^\"'\n]{0,80})?[\"']"
        ),
        re.compile(rb"(?<![\w.])new\s{1,4}(?:McpServer|Server|FastMCP|MCPServer)(?=\()"),
        re.compile(rb"\bname[\"']?\s{0,4}:\s{0,4}" + _QUOTED),
        re.compile(
            rb"(?<![\w.])(?:new\s{1,4}(Client|StdioClientTransport|SSEClientTransport"
            rb"|StreamableHTTPClientTransport|MCPClient)|(experimental_createMCPClient"
            rb"|createMCPClient))(?=\()"
        ),
    ),
    Sdk(
        (".ts", ".tsx", ".js", ".mjs"),
        re.compile(rb"[\"'](?:ai|@openai/agents|@langchain/mcp-adapters|@ai-sdk/mcp)(?:/[^\"'\n]{0,40})?[\"']"),
        re.compile(rb"(?!)"),
        _FIRST_OR_NAME,
        re.compile(
            rb"(?<![\w.])(?:new\s{1,4}(MultiServerMCPClient|MCPServerStdio|MCPServerStreamableHttp"
            rb"|MCPServerSSE)|(experimental_createMCPClient|hostedMcpTool))(?=\()"
        ),
    ),
    Sdk(
        (".go",),
        re.compile(
            rb"\"github\.com/(?:mark3labs/mcp-go|modelcontextprotocol/go-sdk|metoro-io/mcp-golang"
            rb"|ThinkInAIXYZ/go-mcp)(?:/[^\"\n]{0,80})?\""
        ),
        re.compile(rb"(?<![\w])\w{1,20}\.(?:NewMCPServer|NewServer)(?=\()"),
        re.compile(rb"\A\(\s{0,40}" + _QUOTED + rb"|\bName:\s{0,4}" + _QUOTED),
        re.compile(
            rb"(?<![\w])\w{1,20}\.(NewStdioMCPClient|NewSSEMCPClient|NewStreamableHttpClient|NewClient)"
            rb"(?=\()"
        ),
    ),
    Sdk(
        (".cs",),
        re.compile(rb"ModelContextProtocol|AddMcpServer|McpServerTool"),
        re.compile(rb"(?:\.AddMcpServer|McpServerFactory\.Create|McpServer\.Create)(?=\()"),
        re.compile(
            rb"ServerInfo\s{0,4}=\s{0,4}new[^{;]{0,60}\{[^}]{0,300}?\bName\s{0,4}=\s{0,4}" + _QUOTED
        ),
        re.compile(rb"(McpClientFactory\.CreateAsync|McpClient\.CreateAsync)(?=\()"),
    ),
    Sdk(
        (".java", ".kt"),
        re.compile(rb"import\s{1,4}io\.modelcontextprotocol\."),
        re.compile(
            rb"(?:McpServer\.(?:sync|async)|(?<![\w.])Server|(?<![\w.])McpSyncServer)(?=\()"
        ),
        re.compile(
            rb"serverInfo\s{0,4}\(\s{0,20}" + _QUOTED + rb"|\bname\s{0,4}=\s{0,4}" + _QUOTED
        ),
        re.compile(rb"(McpClient\.(?:sync|async)|(?<![\w.])Client)(?=\()"),
    ),
    Sdk(
        (".rs",),
        re.compile(rb"\buse\s{1,4}(?:::)?rmcp\b|\brmcp::"),
        re.compile(rb"\bimpl\s{1,4}ServerHandler\s{1,4}for\s{1,4}\w{1,80}"),
        re.compile(rb"\bname:\s{0,4}" + _QUOTED),
        re.compile(rb"(TokioChildProcess::new|StreamableHttpClientTransport::\w{1,30})(?=\()"),
    ),
    Sdk(
        (".rb",),
        re.compile(rb"require\s{1,4}[\"'](?:mcp|fast_mcp)[\"']"),
        re.compile(rb"(?:MCP::Server|FastMcp::Server)\.new(?=\()"),
        re.compile(rb"\bname:\s{0,4}" + _QUOTED),
        re.compile(rb"(MCP::Client\.new)(?=\()"),
    ),
    Sdk(
        (".php",),
        re.compile(rb"use\s{1,4}(?:PhpMcp|Mcp|Laravel\\Mcp)\\"),
        re.compile(rb"Server::(?:make|builder)(?=\()"),
        re.compile(rb"(?:withServerInfo|setServerInfo)\(\s{0,20}" + _QUOTED),
        re.compile(rb"(PhpMcp\\Client)(?=\()"),
    ),
    Sdk(
        (".swift",),
        re.compile(rb"(?m)^import\s{1,4}MCP\b"),
        re.compile(rb"(?<![\w.])Server(?=\()"),
        re.compile(rb"\bname:\s{0,4}" + _QUOTED),
        re.compile(rb"(?<![\w.])(Client)(?=\()"),
    ),
)  # fmt: skip

WINDOW = 4000
"""How far behind a constructor its name is looked for where the call does not end before."""
FLUENT = (".java", ".cs", ".php", ".rs", ".kt")
"""Where the name follows in a chain of calls, behind the constructor's own brackets."""
