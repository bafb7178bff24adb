"""How each language's SDK makes a server and a client: which import must be there, which
constructor, where the name is.

https://modelcontextprotocol.io/docs/sdk and the SDKs' own READMEs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scanner.kit.expressions import expression


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
_FIRST_OR_NAME = expression(
    rb"\A\(\s{0,40}" + _QUOTED + rb"|\b(?:server_)?name\s{0,4}[=:]\s{0,4}" + _QUOTED
)

SDKS: tuple[Sdk, ...] = (
    Sdk(
        (".py",),
        expression(
            rb"(?m)^[ \t]{0,20}(?:from|import)[ \t]{1,4}(?:mcp|fastmcp|fastapi_mcp)(?![\w-])"
        ),
        expression(
            rb"(?<![\w.])(?:(?:fastmcp|mcp)\.)?(FastMCP|FastApiMCP|MCPServer|Server|LowLevelServer)"
            rb"(?=\()"
        ),
        _FIRST_OR_NAME,
        expression(
            rb"(?<!class )(?<![\w.])(StdioServerParameters|ClientSession|ClientSessionGroup"
            rb"|stdio_client|sse_client|streamablehttp_client|streamable_http_client|Client)(?=\()"
        ),
    ),
    Sdk(
        (".py",),
        expression(
            rb"(?m)^[ \t]{0,20}(?:from|import)[ \t]{1,4}"
            rb"(?:langchain_mcp_adapters|mcp_use|crewai_tools|crewai|agents\.mcp|agents|pydantic_ai|smolagents|strands|llama_index\.tools\.mcp"
            rb"|google\.adk|autogen_ext\.tools\.mcp|semantic_kernel|agno|claude_agent_sdk)(?![\w-])"
        ),
        expression(rb"(?<!def )(?<!\w)as_mcp_server(?=\()"),
        _FIRST_OR_NAME,
        expression(
            rb"(?<!class )(?<!def )(?<![\w.])(MultiServerMCPClient|load_mcp_tools"
            rb"|MCPServerStdio|MCPServerSse|MCPServerStreamableHttp|MCPServerStreamableHTTP|MCPServerSSE|HostedMCPTool"
            rb"|MCPToolset|McpToolset|MCPServerAdapter|MCPClient|MCPTools|BasicMCPClient|McpToolSpec"
            rb"|McpWorkbench|StdioServerParams|MCPStdioPlugin|MCPSsePlugin|MCPStreamableHttpPlugin"
            rb"|create_sdk_mcp_server)(?=\()"
        ),
    ),
    Sdk(
        (".ts", ".js", ".mts", ".mjs", ".tsx", ".cjs"),
        expression(
            rb"[\"'](?:@modelcontextprotocol/(?:sdk|server|client|core)|fastmcp|mcp-framework|mcp-handler"
            rb"|@vercel/mcp-adapter|agents/mcp|@mastra/mcp|mcp-use|@ai-sdk/mcp)(?:/[^\"'\n]{0,80})?[\"']"
        ),
        expression(rb"(?<![\w.])new\s{1,4}(?:McpServer|Server|FastMCP|MCPServer)(?=\()"),
        expression(rb"\bname[\"']?\s{0,4}:\s{0,4}" + _QUOTED),
        expression(
            rb"(?<![\w.])(?:new\s{1,4}(Client|StdioClientTransport|SSEClientTransport"
            rb"|StreamableHTTPClientTransport|MCPClient)|(experimental_createMCPClient"
            rb"|createMCPClient))(?=\()"
        ),
    ),
    Sdk(
        (".ts", ".tsx", ".js", ".mjs"),
        expression(rb"[\"'](?:ai|@openai/agents|@langchain/mcp-adapters|@ai-sdk/mcp)(?:/[^\"'\n]{0,40})?[\"']"),
        expression(rb"(?!)"),
        _FIRST_OR_NAME,
        expression(
            rb"(?<![\w.])(?:new\s{1,4}(MultiServerMCPClient|MCPServerStdio|MCPServerStreamableHttp"
            rb"|MCPServerSSE)|(experimental_createMCPClient|hostedMcpTool))(?=\()"
        ),
    ),
    Sdk(
        (".go",),
        expression(
            rb"\"github\.com/(?:mark3labs/mcp-go|modelcontextprotocol/go-sdk|metoro-io/mcp-golang"
            rb"|ThinkInAIXYZ/go-mcp)(?:/[^\"\n]{0,80})?\""
        ),
        expression(rb"(?<![\w])\w{1,20}\.(?:NewMCPServer|NewServer)(?=\()"),
        expression(rb"\A\(\s{0,40}" + _QUOTED + rb"|\bName:\s{0,4}" + _QUOTED),
        expression(
            rb"(?<![\w])\w{1,20}\.(NewStdioMCPClient|NewSSEMCPClient|NewStreamableHttpClient|NewClient)"
            rb"(?=\()"
        ),
    ),
    Sdk(
        (".cs",),
        expression(rb"ModelContextProtocol|AddMcpServer|McpServerTool"),
        expression(rb"(?:\.AddMcpServer|McpServerFactory\.Create|McpServer\.Create)(?=\()"),
        expression(
            rb"ServerInfo\s{0,4}=\s{0,4}new[^{;]{0,60}\{[^}]{0,300}?\bName\s{0,4}=\s{0,4}" + _QUOTED
        ),
        expression(rb"(McpClientFactory\.CreateAsync|McpClient\.CreateAsync)(?=\()"),
    ),
    Sdk(
        (".java", ".kt"),
        expression(rb"import\s{1,4}io\.modelcontextprotocol\."),
        expression(
            rb"(?:McpServer\.(?:sync|async)|(?<![\w.])Server|(?<![\w.])McpSyncServer)(?=\()"
        ),
        expression(
            rb"serverInfo\s{0,4}\(\s{0,20}" + _QUOTED + rb"|\bname\s{0,4}=\s{0,4}" + _QUOTED
        ),
        expression(rb"(McpClient\.(?:sync|async)|(?<![\w.])Client)(?=\()"),
    ),
    Sdk(
        (".rs",),
        expression(rb"\buse\s{1,4}(?:::)?rmcp\b|\brmcp::"),
        expression(rb"\bimpl\s{1,4}ServerHandler\s{1,4}for\s{1,4}\w{1,80}"),
        expression(rb"\bname:\s{0,4}" + _QUOTED),
        expression(rb"(TokioChildProcess::new|StreamableHttpClientTransport::\w{1,30})(?=\()"),
    ),
    Sdk(
        (".rb",),
        expression(rb"require\s{1,4}[\"'](?:mcp|fast_mcp)[\"']"),
        expression(rb"(?:MCP::Server|FastMcp::Server)\.new(?=\()"),
        expression(rb"\bname:\s{0,4}" + _QUOTED),
        expression(rb"(MCP::Client\.new)(?=\()"),
    ),
    Sdk(
        (".php",),
        expression(rb"use\s{1,4}(?:PhpMcp|Mcp|Laravel\\Mcp)\\"),
        expression(rb"Server::(?:make|builder)(?=\()"),
        expression(rb"(?:withServerInfo|setServerInfo)\(\s{0,20}" + _QUOTED),
        expression(rb"(PhpMcp\\Client)(?=\()"),
    ),
    Sdk(
        (".swift",),
        expression(rb"(?m)^import\s{1,4}MCP\b"),
        expression(rb"(?<![\w.])Server(?=\()"),
        expression(rb"\bname:\s{0,4}" + _QUOTED),
        expression(rb"(?<![\w.])(Client)(?=\()"),
    ),
)  # fmt: skip

WINDOW = 4000
"""How far behind a constructor its name is looked for where the call does not end before."""
FLUENT = (".java", ".cs", ".php", ".rs", ".kt")
"""Where the name follows in a chain of calls, behind the constructor's own brackets."""
