"""Which methods of Google's services are use of AI, as audit logs name them: tables.

The last word of ``protoPayload.methodName`` is the method, whatever the version before it. Names:
the page on audit logging of each service (https://cloud.google.com/logging/docs/audit/services),
and the methods of the services' own interface definitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Service(NamedTuple):
    """``provider``: the catalogue's id. ``uses``: whole names of methods."""

    name: str
    provider: str
    uses: tuple[str, ...]


_VERTEX, _GEMINI, _SPEECH = "google_vertex", "google_gemini", "google_speech"

SERVICES: Mapping[str, Service] = {
    "aiplatform.googleapis.com": Service("Vertex AI", _VERTEX, (
        "Predict", "RawPredict", "StreamRawPredict", "DirectPredict", "DirectRawPredict",
        "StreamDirectPredict", "StreamDirectRawPredict", "StreamingPredict", "StreamingRawPredict",
        "ServerStreamingPredict", "PredictLongRunning", "Explain", "GenerateContent",
        "StreamGenerateContent", "BidiGenerateContent", "EmbedContent", "ChatCompletions",
        "InvokePredict", "CountTokens", "ComputeTokens", "QueryReasoningEngine",
        "StreamQueryReasoningEngine", "AsyncQueryReasoningEngine", "QueryExtension",
        "ExecuteExtension", "FindNeighbors", "RetrieveContexts", "AugmentPrompt",
        "CorroborateContent", "RetrieveMemories", "GenerateMemories")),
    "automl.googleapis.com": Service("Cloud AutoML", _VERTEX, ("Predict", "BatchPredict")),
    "ces.googleapis.com": Service("Gemini Enterprise for CX", _VERTEX, (
        "RunSession", "BidiRunSession", "StreamRunSession", "ExecuteTool")),
    "cloudaicompanion.googleapis.com": Service("Gemini for Google Cloud", _GEMINI, (
        "CompleteCode", "GenerateCode", "CompleteTask", "GenerateText", "Chat")),
    "dialogflow.googleapis.com": Service("Dialogflow", _VERTEX, (
        "DetectIntent", "StreamingDetectIntent", "ServerStreamingDetectIntent", "MatchIntent",
        "FulfillIntent", "AnalyzeContent", "StreamingAnalyzeContent", "SuggestSmartReplies",
        "SuggestConversationSummary", "GenerateStatelessSummary", "GenerateStatelessSuggestion",
        "SearchKnowledge")),
    "discoveryengine.googleapis.com": Service("Vertex AI Search and Gemini Enterprise", _VERTEX, (
        "Search", "SearchLite", "AnswerQuery", "StreamAnswerQuery", "ConverseConversation",
        "Assist", "StreamAssist", "Recommend", "CheckGrounding", "GenerateGroundedContent",
        "StreamGenerateGroundedContent", "Rank")),
    "documentai.googleapis.com": Service("Document AI", _VERTEX, (
        "ProcessDocument", "BatchProcessDocuments")),
    "geminidataanalytics.googleapis.com": Service("Data Analytics with Gemini", _GEMINI, (
        "Chat", "QueryData")),
    "generativelanguage.googleapis.com": Service("Gemini API", _GEMINI, (
        "GenerateContent", "StreamGenerateContent", "BidiGenerateContent", "BatchGenerateContent",
        "EmbedContent", "BatchEmbedContents", "AsyncBatchEmbedContent", "CountTokens",
        "GenerateAnswer", "GenerateText", "GenerateMessage", "Predict", "PredictLongRunning")),
    "language.googleapis.com": Service("Cloud Natural Language", _SPEECH, (
        "AnalyzeSentiment", "AnalyzeEntities", "AnalyzeEntitySentiment", "AnalyzeSyntax",
        "ClassifyText", "ModerateText", "AnnotateText")),
    "retail.googleapis.com": Service("Vertex AI Search for commerce", _VERTEX, (
        "Predict", "Search", "ConversationalSearch")),
    "speech.googleapis.com": Service("Cloud Speech-to-Text", _SPEECH, (
        "Recognize", "StreamingRecognize", "LongRunningRecognize", "BatchRecognize")),
    "texttospeech.googleapis.com": Service("Cloud Text-to-Speech", _SPEECH, (
        "SynthesizeSpeech", "StreamingSynthesize", "SynthesizeLongAudio")),
    "translate.googleapis.com": Service("Cloud Translation", _SPEECH, (
        "TranslateText", "TranslateDocument", "BatchTranslateText", "BatchTranslateDocument",
        "AdaptiveMtTranslate")),
    "videointelligence.googleapis.com": Service("Cloud Video Intelligence", _SPEECH, (
        "AnnotateVideo", "StreamingAnnotateVideo")),
    "vision.googleapis.com": Service("Cloud Vision", _SPEECH, (
        "BatchAnnotateImages", "AsyncBatchAnnotateImages", "BatchAnnotateFiles",
        "AsyncBatchAnnotateFiles")),
}  # fmt: skip
"""Name of the API -> what of it is use."""

REFUSED = {"7": "PERMISSION_DENIED", "16": "UNAUTHENTICATED"}
SERVED = {"0", "4", "8", "13", "14"}
"""Codes of calls that were allowed and understood: whoever made them uses the thing
(https://cloud.google.com/apis/design/errors: deadline, quota, internal, unavailable)."""
FAILED = {"1": "CANCELLED", "3": "INVALID_ARGUMENT", "5": "NOT_FOUND", "9": "FAILED_PRECONDITION",
          "11": "OUT_OF_RANGE", "12": "UNIMPLEMENTED"}  # fmt: skip


def is_use(service: str, method: str) -> bool:
    known = SERVICES.get(service)
    return known is not None and method.rpartition(".")[2] in known.uses


def outcome(code: str) -> tuple[str, str]:
    """Relation and status of a call that ended so; empty: nothing was wrong."""
    if not code or code in SERVED:
        return "used_by", ""
    if code in REFUSED:
        return "", f"refused: {REFUSED[code]}"
    return "", f"failed: {FAILED.get(code, 'an error')}"
