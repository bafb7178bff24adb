"""Agents by the frameworks that define them: which constructor makes one, and where its name is.

A table of public APIs, each from its project's own documentation; which framework is in the
catalogue under which id is the import table's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scanner.detect.source import Found
from scanner.model.facts import AssetClass
from scanner.model.items import HitKind
from scanner.model.keys import told_apart


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """``name``: arguments that name it, the best first; ``prompt``: arguments that instruct it."""

    name: tuple[str, ...] = ("name",)
    prompt: tuple[str, ...] = ("instructions", "system_prompt", "prompt", "system_message")
    is_group: bool = False


_NAMED = AgentSpec()
_CREW = AgentSpec(name=("role", "name"), prompt=("goal", "backstory"))
_GROUP = AgentSpec(is_group=True)

PYTHON_AGENTS: dict[str, AgentSpec] = {
    "crewai:Agent": _CREW,
    "crewai:LiteAgent": _CREW,
    "crewai:Crew": _GROUP,
    "autogen:AssistantAgent": _NAMED,
    "autogen:ConversableAgent": _NAMED,
    "autogen:UserProxyAgent": _NAMED,
    "autogen:GroupChat": _GROUP,
    "autogen_agentchat:AssistantAgent": _NAMED,
    "autogen_agentchat:CodeExecutorAgent": _NAMED,
    "autogen_agentchat:RoundRobinGroupChat": _GROUP,
    "autogen_agentchat:SelectorGroupChat": _GROUP,
    "autogen_agentchat:MagenticOneGroupChat": _GROUP,
    "agent_framework:ChatAgent": _NAMED,
    "agents:Agent": _NAMED,
    "agents:SandboxAgent": _NAMED,
    "agents:RealtimeAgent": _NAMED,
    "claude_agent_sdk:AgentDefinition": AgentSpec(prompt=("prompt",)),
    "claude_agent_sdk:ClaudeSDKClient": _NAMED,
    "semantic_kernel:ChatCompletionAgent": _NAMED,
    "semantic_kernel:AzureAIAgent": _NAMED,
    "semantic_kernel:OpenAIAssistantAgent": _NAMED,
    "google.adk.agents.Agent": AgentSpec(prompt=("instruction",)),
    "google.adk.agents.LlmAgent": AgentSpec(prompt=("instruction",)),
    "google.adk.agents.SequentialAgent": _GROUP,
    "google.adk.agents.ParallelAgent": _GROUP,
    "google.adk.agents.LoopAgent": _GROUP,
    "google.adk.agents.llm_agent.Agent": AgentSpec(prompt=("instruction",)),
    "google.adk.Agent": AgentSpec(prompt=("instruction",)),
    "strands:Agent": _NAMED,
    "strands:Swarm": _GROUP,
    "pydantic_ai:Agent": _NAMED,
    "smolagents:CodeAgent": _NAMED,
    "smolagents:ToolCallingAgent": _NAMED,
    "smolagents:MultiStepAgent": _NAMED,
    "haystack:Agent": _NAMED,
    "llama_index:ReActAgent": _NAMED,
    "llama_index:FunctionAgent": _NAMED,
    "llama_index:AgentWorkflow": _GROUP,
    "langchain:create_agent": _NAMED,
    "langchain:create_react_agent": _NAMED,
    "langchain:create_tool_calling_agent": _NAMED,
    "langchain:create_openai_functions_agent": _NAMED,
    "langchain:create_openai_tools_agent": _NAMED,
    "langchain:initialize_agent": _NAMED,
    "langchain:AgentExecutor": _NAMED,
    "langchain_classic:AgentExecutor": _NAMED,
    "langgraph:create_react_agent": _NAMED,
    "langgraph:StateGraph": _GROUP,
    "langgraph_supervisor:create_supervisor": _GROUP,
    "langgraph_swarm:create_swarm": _GROUP,
    "deepagents:create_deep_agent": _NAMED,
    "agno:Agent": _NAMED,
    "agno:Team": _GROUP,
    "phi:Agent": _NAMED,
    "swarm:Agent": _NAMED,
    "dspy:ReAct": _NAMED,
    "camel:ChatAgent": _NAMED,
    "metagpt:Role": _NAMED,
    "qwen_agent:Assistant": _NAMED,
    "letta_client:Letta": _NAMED,
    "browser_use:Agent": AgentSpec(prompt=("task",)),
    "livekit.agents.Agent": _NAMED,
    "livekit.agents.AgentSession": _GROUP,
    "mcp_agent:Agent": AgentSpec(prompt=("instruction",)),
    "beeai_framework:RequirementAgent": _NAMED,
    "atomic_agents:AtomicAgent": _NAMED,
}
"""``package:LastName``, or a full path where the package is a shared namespace."""

SCRIPT_AGENTS: dict[str, dict[str, AgentSpec]] = {
    "@openai/agents": {"Agent": _NAMED, "RealtimeAgent": _NAMED},
    "@openai/agents-core": {"Agent": _NAMED},
    "@openai/agents-realtime": {"RealtimeAgent": _NAMED},
    "@mastra/core": {"Agent": _NAMED, "Mastra": _GROUP},
    "@voltagent/core": {"Agent": _NAMED, "VoltAgent": _GROUP},
    "@langchain/langgraph": {"createReactAgent": _NAMED, "StateGraph": _GROUP},
    "@langchain/langgraph-supervisor": {"createSupervisor": _GROUP},
    "langchain": {"createAgent": _NAMED, "AgentExecutor": _NAMED},
    "langchain/agents": {"AgentExecutor": _NAMED, "createReactAgent": _NAMED,
                         "createToolCallingAgent": _NAMED, "createOpenAIFunctionsAgent": _NAMED},
    "ai": {"ToolLoopAgent": _NAMED, "Experimental_Agent": _NAMED},
    "@google/adk": {"LlmAgent": _NAMED, "Agent": _NAMED},
    "@strands-agents/sdk": {"Agent": _NAMED},
    "llamaindex": {"ReActAgent": _NAMED, "OpenAIAgent": _NAMED, "agent": _NAMED},
    "@llamaindex/workflow": {"agent": _NAMED, "multiAgent": _GROUP},
    "beeai-framework": {"ReActAgent": _NAMED},
    "agents": {"Agent": _NAMED, "AIChatAgent": _NAMED},
}  # fmt: skip
"""Module -> constructor or factory."""


_LONGEST = 60


def slug(name: str) -> str:
    """A name as an identity: lower case, words joined by ``-``."""
    readable = re.sub(r"[^a-z0-9]+", "-", name.strip().casefold()).strip("-")[:_LONGEST]
    return told_apart(readable, name, _LONGEST)


def agent_found(
    spec: AgentSpec,
    provider: str,
    texts: dict[str, str],
    *,
    variable: str,
    tools: tuple[str, ...],
    start: int,
    model: str,
) -> Found:
    """``texts``: the constructor's arguments that are plain strings."""
    given = next((texts[name] for name in spec.name if texts.get(name)), "")
    whole = " ".join((given or variable.strip("_") or "agent").split())
    name = whole[:80]
    tags = [("framework", provider)]
    if spec.is_group:
        tags.append(("role", "team"))
    if tools:
        tags.append(("tools", ", ".join(tools)))
    prompt = next((texts[field] for field in spec.prompt if texts.get(field)), "")
    if prompt:
        tags.append(("prompt", f"{len(prompt)} characters"))
    return Found(
        kind=HitKind.AGENT,
        label=name,
        start=start,
        end=start + 1,
        provider=provider,
        preview=f"agent {name}",
        part=f"agent/{slug(whole) or 'agent'}",
        asset_class=AssetClass.AGENT,
        name=name,
        tags=tuple(tags),
        models=(model,) if model else (),
    )
