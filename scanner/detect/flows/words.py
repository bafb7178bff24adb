"""Words in the names of nodes, connectors and credentials -> catalogue id.

Only for names that a low-code tool gives its own AI steps (``lmChatAzureOpenAi``,
``AnthropicModel``, ``shared_openai``), never for prose.
"""

from __future__ import annotations

import re

from scanner.detect.knowledge import Knowledge

# The first word that a name holds decides, so longer and more exact words stand first.
_WORDS: tuple[tuple[str, str], ...] = (
    ("azureopenai", "azure_openai"), ("azurechatopenai", "azure_openai"),
    ("azureaisearch", "azure_ai"), ("azurecognitive", "azure_ai"), ("azureai", "azure_ai"),
    ("cognitiveservices", "azure_ai"), ("documentintelligence", "azure_ai"),
    ("openrouter", "openrouter"), ("vercelaigateway", "vercel_ai"),
    ("amazonbedrock", "aws_bedrock"), ("awschatbedrock", "aws_bedrock"), ("bedrock", "aws_bedrock"),
    ("sagemaker", "aws_sagemaker"),
    ("vertex", "google_vertex"), ("googlegenerativeai", "google_gemini"),
    ("googlegemini", "google_gemini"), ("googlepalm", "google_gemini"), ("gemini", "google_gemini"),
    ("openai", "openai"), ("chatgpt", "openai"), ("dalle", "openai"), ("whisper", "openai"),
    ("anthropic", "anthropic"), ("claude", "anthropic"),
    ("mistral", "mistral"), ("cohere", "cohere"), ("groq", "groq"), ("xaigrok", "xai"),
    ("grok", "xai"), ("xai", "xai"), ("deepseek", "deepseek"), ("perplexity", "perplexity"),
    ("togetherai", "together"), ("fireworks", "fireworks"), ("cerebras", "cerebras"),
    ("sambanova", "sambanova"), ("replicate", "replicate"), ("huggingface", "huggingface"),
    ("nvidia", "nvidia"), ("watsonx", "ibm_watsonx"), ("tongyi", "alibaba_qwen"),
    ("qwen", "alibaba_qwen"), ("dashscope", "alibaba_qwen"), ("zhipu", "zhipu"),
    ("moonshot", "moonshot"), ("minimax", "minimax"), ("volcengine", "volcengine"),
    ("doubao", "volcengine"), ("siliconflow", "siliconflow"), ("novita", "novita"),
    ("litellm", "litellm"), ("localai", "localai"), ("ollama", "ollama"), ("vllm", "vllm"),
    ("lmstudio", "lm_studio"), ("xinference", "xinference"), ("llamacpp", "llamacpp"),
    ("cloudflareworkersai", "cloudflare_ai"), ("databricks", "databricks"),
    ("snowflakecortex", "snowflake_cortex"), ("ai21", "ai21"), ("baseten", "baseten"),
    ("pinecone", "pinecone"), ("qdrant", "qdrant"), ("weaviate", "weaviate"), ("milvus", "milvus"),
    ("zilliz", "milvus"), ("chroma", "chroma"), ("voyage", "voyage"), ("jina", "jina"),
    ("elevenlabs", "elevenlabs"), ("deepgram", "deepgram"), ("assemblyai", "assemblyai"),
    ("stability", "stability"), ("deepl", "deepl"), ("tavily", "tavily"),
    ("firecrawl", "firecrawl"), ("exasearch", "exa"), ("unstructured", "unstructured"),
    ("mem0", "mem0"), ("langfuse", "langfuse"), ("langsmith", "langsmith"),
    ("midjourney", "midjourney"), ("heygen", "heygen"), ("runway", "runway"),
    ("copilotstudio", "copilot_studio"), ("aibuilder", "ai_builder"),
)  # fmt: skip
_INSTEAD: dict[str, tuple[str, ...]] = {
    "ai_builder": ("microsoft_ai_builder", "power_platform", "copilot_studio")
}
"""Where the catalogue has no entry of its own: whose product it belongs to."""


def provider_of(name: str, knowledge: Knowledge) -> str:
    """Catalogue id, or the empty string."""
    folded = re.sub(r"[^a-z0-9]", "", name[:200].lower())
    for word, ident in _WORDS:
        if word in folded:
            for known in (ident, *_INSTEAD.get(ident, ())):
                if knowledge.knows(known):
                    return known
            return ""
    return ""
