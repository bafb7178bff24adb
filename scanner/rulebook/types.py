"""The shape of a rule file. These types decode the YAML strictly and give the JSON Schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from scanner.model.base import Model
from scanner.model.evidence import Confidence
from scanner.model.facts import AssetClass

RuleId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]


class Category(StrEnum):
    LLM_API = "llm_api"
    CLOUD_AI = "cloud_ai"
    INFERENCE_HOST = "inference_host"
    GATEWAY = "gateway"
    MODEL_HUB = "model_hub"
    EMBEDDINGS_SEARCH = "embeddings_search"
    VECTOR_STORE = "vector_store"
    SPEECH = "speech"
    IMAGE_VIDEO = "image_video"
    MUSIC = "music"
    TRANSLATION = "translation"
    OBSERVABILITY = "observability"
    AGENT_PLATFORM = "agent_platform"
    CODING_ASSISTANT = "coding_assistant"
    CHAT_APP = "chat_app"
    MEETING_APP = "meeting_app"
    DATA_LABELLING = "data_labelling"
    FRAMEWORK = "framework"
    MODEL_SERVER = "model_server"
    TRAINING = "training"
    GUARDRAIL = "guardrail"
    EVALUATION = "evaluation"
    UI = "ui"
    LOW_CODE = "low_code"
    MCP = "mcp"
    OTHER = "other"


class Ecosystem(StrEnum):
    PYPI = "pypi"
    NPM = "npm"
    GO = "go"
    MAVEN = "maven"
    NUGET = "nuget"
    CARGO = "cargo"
    RUBYGEMS = "rubygems"
    COMPOSER = "composer"
    CONDA = "conda"
    SWIFT = "swift"
    """Swift packages by repository address without scheme and ``.git``."""
    CRAN = "cran"
    PUB = "pub"
    HEX = "hex"
    JULIA = "julia"
    COCOAPODS = "cocoapods"
    JSR = "jsr"


class CredentialKind(StrEnum):
    API_KEY = "api_key"
    ADMIN_KEY = "admin_key"
    ACCESS_TOKEN = "access_token"  # noqa: S105
    SESSION = "session"
    SERVICE_ACCOUNT = "service_account"


class Check(StrEnum):
    """What the structure of a credential shows beyond its pattern
    (:mod:`scanner.detect.checksums`). ``NONE``: nothing."""

    NONE = ""
    GITHUB_CRC32 = "github_crc32"
    """The last six characters are the base62 CRC-32 of the 30 before them."""
    JWT = "jwt"
    """Header and payload decode to JSON objects, the header names an algorithm."""
    JWT_CLAIM = "jwt_claim"
    """A JWT whose payload holds one of ``Key.contains``."""
    JWE = "jwe"
    """The header decodes to JSON with ``alg`` and ``enc``."""
    BASE64_TEXT = "base64_text"
    """Some part behind the literal prefix decodes to text that holds one of ``Key.contains``."""
    BASE64_PAIR = "base64_pair"
    """Decodes to printable text with one colon: the user and password of Basic authentication."""
    UUID = "uuid"
    """A random UUID (version 4 or 7, RFC 9562 variant) stands in it."""
    AZURE_ANNOTATED = "azure_annotated"
    """Microsoft's common annotated security key: signature, date and provider fields."""
    HEX = "hex"
    """Letters and digits both occur in the hexadecimal run, as in all but one of a million."""
    MIXED = "mixed"
    """Small letters, capitals and digits all occur."""


class Verify(Model, frozen=True, kw_only=True):
    """A harmless read-only request that tells whether a key lives. ``{key}`` stands for the key.
    ``url`` lies on a host of the provider's own ``hosts``."""

    method: Annotated[str, msgspec.Meta(pattern=r"^(GET|HEAD)$")] = "GET"
    url: Annotated[str, msgspec.Meta(pattern=r"^https://")]
    header: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z-]+: .*\{key\}")]
    """``Authorization: Bearer {key}``; a key never stands in a URL."""
    extra: tuple[NonEmpty, ...] = ()
    """Further headers, as written (an API version)."""
    live: tuple[int, ...] = (200,)
    dead: tuple[int, ...] = (401,)
    account: str = ""
    """Dotted path in the JSON answer to who the key belongs to."""
    reference: NonEmpty


class Host(Model, frozen=True, kw_only=True):
    """An API host. A leading ``*.`` stands for exactly one or more labels of a tenant's name.
    ``path``: required path prefix on a host that also serves what is not AI."""

    host: Annotated[str, msgspec.Meta(pattern=r"^(\*[.-])?[a-z0-9][a-z0-9.*-]*\.[a-z0-9-]+$")]
    path: str = ""
    note: str = ""
    reference: NonEmpty


class Key(Model, frozen=True, kw_only=True):
    """A credential format. ``pattern`` is the secret itself, in the RE2-safe subset (no
    look-around, no back-reference), bounded in length. Word boundaries around it are the engine's
    business. In examples ``{class:n}`` is replaced by n made-up characters of that class."""

    id: RuleId
    name: NonEmpty
    kind: CredentialKind = CredentialKind.API_KEY
    pattern: NonEmpty
    keywords: tuple[NonEmpty, ...]
    """Literals of which at least one stands in every match (case as written)."""
    near: tuple[NonEmpty, ...] = ()
    """For shapes that say little by themselves: one of these words (any case) must stand up to
    80 bytes before the secret."""
    min_entropy: float = 3.0
    """Shannon bits a character, over the whole match."""
    confidence: Confidence = Confidence.HIGH
    check: Check = Check.NONE
    contains: tuple[NonEmpty, ...] = ()
    """What a check that decodes looks for."""
    verify: Verify | None = None
    examples: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=2)]
    counterexamples: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=2)]
    reference: NonEmpty


class EnvVar(Model, frozen=True, kw_only=True):
    """An environment variable of the provider; ``secret``: its value is a credential."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9][A-Z0-9_]{2,}$")]
    secret: bool = True
    weak: bool = False
    """The name is shared with others: it never identifies the provider alone."""


class Package(Model, frozen=True, kw_only=True):
    """A package. ``imports``: what source code imports (Python modules, npm specifiers, Go and
    Java paths); empty where the import tells no more than the manifest."""

    ecosystem: Ecosystem
    name: NonEmpty
    imports: tuple[NonEmpty, ...] = ()


class ModelPattern(Model, frozen=True, kw_only=True):
    """Model ids as they are written in code and configuration, quoted or after ``model=``."""

    pattern: NonEmpty
    examples: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=2)]
    counterexamples: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=2)]
    reference: NonEmpty


class OAuthApp(Model, frozen=True, kw_only=True):
    """How the provider shows up in an identity provider: exact client id, or exact label (any
    case)."""

    label: str = ""
    is_ordinary: bool = False
    """The label is a word, a person's name or another product's as well: it counts whole, with low
    confidence, and not amid other words."""
    client_id: str = ""
    redirect_host: str = ""
    idp: str = ""
    reference: NonEmpty


class Image(Model, frozen=True, kw_only=True):
    """A container image without registry prefix and tag."""

    image: NonEmpty
    reference: NonEmpty


class Identifier(Model, frozen=True, kw_only=True):
    """A text that by itself means use in code or configuration: an SDK's service name
    (``bedrock-runtime``), a permission (``bedrock:InvokeModel``), a resource type
    (``AWS::SageMaker::Endpoint``). Compared whole and case by case."""

    text: Annotated[str, msgspec.Meta(pattern=r"^[$]?[A-Za-z0-9][A-Za-z0-9_.:/-]{5,120}$")]
    meaning: NonEmpty
    is_quoted: bool = False
    """It means use only between quotes: without them it is a word of everyday prose."""
    reference: NonEmpty


class FileKind(StrEnum):
    """What a file that a product is known by is for."""

    MCP_CONFIG = "mcp_config"
    AGENT_RULES = "agent_rules"
    AGENT_CONFIG = "agent_config"
    AGENT_STATE = "agent_state"
    CREDENTIAL_FILE = "credential_file"
    MODEL_DEFINITION = "model_definition"
    MODEL_STORE = "model_store"
    VECTOR_STORE = "vector_store"
    GATEWAY_CONFIG = "gateway_config"
    EVAL_CONFIG = "eval_config"
    PROMPT = "prompt"
    DEPLOY = "deploy"
    OTHER = "other"


class FileRule(Model, frozen=True, kw_only=True):
    """A file that by its name means the product is configured here (``.mcp.json``). ``contains``:
    where the name alone says too little, one of these texts must stand in it (case as written)."""

    glob: NonEmpty
    meaning: NonEmpty
    kind: FileKind = FileKind.OTHER
    contains: tuple[NonEmpty, ...] = ()
    reference: NonEmpty


class ResourceForm(StrEnum):
    """The language that declares a resource."""

    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"
    ARM = "arm"
    KUBERNETES = "kubernetes"


class Resource(Model, frozen=True, kw_only=True):
    """A resource type of an infrastructure language: ``aws_sagemaker_endpoint``,
    ``AWS::SageMaker::Endpoint``, ``Microsoft.MachineLearningServices/workspaces``, or the API group
    and kind of a Kubernetes object (``serving.kserve.io/InferenceService``; ``group/*`` for each of
    a group). CDK and Pulumi names are derived from the first two."""

    form: ResourceForm
    type: NonEmpty
    asset_class: AssetClass = AssetClass.OTHER
    meaning: str = ""
    reference: NonEmpty


class Port(Model, frozen=True, kw_only=True):
    """Where a self-hosted server listens unless told otherwise, and how it tells what it is.
    ``identify``: harmless requests (``GET /api/tags``); ``hint``: what the answer holds."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    identify: tuple[NonEmpty, ...] = ()
    hint: str = ""
    reference: NonEmpty


class ExtensionPlatform(StrEnum):
    VSCODE = "vscode"
    CHROMIUM = "chromium"
    JETBRAINS = "jetbrains"
    FIREFOX = "firefox"


class Extension(Model, frozen=True, kw_only=True):
    """An editor's or browser's extension by the id that its store gives."""

    platform: ExtensionPlatform
    id: NonEmpty
    name: str = ""
    reference: NonEmpty


class App(Model, frozen=True, kw_only=True):
    """An application that people install, as inventories of devices show it."""

    name: NonEmpty
    bundles: tuple[NonEmpty, ...] = ()
    """Bundle identifiers of macOS."""
    programs: tuple[NonEmpty, ...] = ()
    """File names of its executables that hardly anything else is called."""
    reference: NonEmpty


class LoggedName(Model, frozen=True, kw_only=True):
    """What logs call it that name no host: those of AI gateways, firewalls and proxies."""

    name: NonEmpty
    """In any case; ``.``, ``-``, ``_`` and blanks are one."""
    surface: str = ""
    """What traffic under that name is: ``web`` (people in a browser), ``api``; empty: either."""
    reference: NonEmpty


class Terms(Model, frozen=True, kw_only=True):
    """What the provider's own terms say on training with customer data (API or business use)."""

    trains_on_customer_data: str
    """``no``, ``opt_out``, ``opt_in``, ``yes`` or ``unknown``."""
    note: str = ""
    reference: NonEmpty


class RetiredModels(Model, frozen=True, kw_only=True):
    """Models that their provider has switched off, or will."""

    models: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=1)]
    """Globs over the model's name as the provider writes it, in lower case."""
    at: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """From that day on requests fail."""
    reference: NonEmpty


class Provider(Model, frozen=True, kw_only=True):
    """All that is known of one provider or product: one file."""

    id: RuleId
    name: NonEmpty
    category: Category
    homepage: NonEmpty
    as_of: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """Day on which the facts of this file were last checked."""
    aliases: tuple[NonEmpty, ...] = ()
    """Names under which registries and applications know it (exact, any case)."""
    hosts: tuple[Host, ...] = ()
    web_domains: tuple[NonEmpty, ...] = ()
    """Domains of the product's pages: evidence in traffic and OAuth, too weak in code."""
    keys: tuple[Key, ...] = ()
    env_vars: tuple[EnvVar, ...] = ()
    packages: tuple[Package, ...] = ()
    models: tuple[ModelPattern, ...] = ()
    retired_models: tuple[RetiredModels, ...] = ()
    oauth_apps: tuple[OAuthApp, ...] = ()
    images: tuple[Image, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    files: tuple[FileRule, ...] = ()
    resources: tuple[Resource, ...] = ()
    ports: tuple[Port, ...] = ()
    extensions: tuple[Extension, ...] = ()
    apps: tuple[App, ...] = ()
    logged_as: tuple[LoggedName, ...] = ()
    """By AI gateways and traces, beside a model."""
    applications: tuple[LoggedName, ...] = ()
    """By firewalls and proxies that tell applications apart; looked for in every log."""
    terms: Terms | None = None
