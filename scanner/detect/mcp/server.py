"""One configured server -> what may be told of it: transport, command, package, host, and the names
of what it is given. Arguments, header values and variables' values are never kept: people put
secrets there.

Field names: https://modelcontextprotocol.io/docs/develop/connect-local-servers and the clients' own
pages (VS Code, Gemini CLI, Windsurf, Goose, opencode, Zed, Codex).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from scanner.detect.knowledge import Knowledge
from scanner.kit.expressions import expression
from scanner.model.keys import told_apart

_URL_KEYS = ("url", "httpUrl", "serverUrl", "server_url", "uri", "endpoint")
_COMMAND_KEYS = ("command", "cmd")
_ENV_KEYS = ("env", "environment", "envs", "env_vars", "env_keys")
_ENV_NAME = expression(r"[A-Za-z_][A-Za-z0-9_]{0,80}")
_HEADER_NAME = expression(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_UNNAMEABLE = expression(r"[^A-Za-z0-9._@/-]+")
_HOST = expression(r"[A-Za-z0-9.-]{1,200}|[0-9A-Fa-f:]{2,45}")
_PACKAGE = expression(
    r"(@?[A-Za-z0-9][\w.-]{0,100}(?:/[A-Za-z0-9][\w.-]{0,100})?)(?:\[[\w,-]{1,80}\])?"
    r"(?:(?:@|==)([\w.+^~*-]{1,60}))?"
)
_IMAGE = expression(r"[a-z0-9][\w.-]{0,100}(?::\d{1,5})?(?:/[\w.-]{1,100}){0,5}"
                    r"(?::[\w.-]{1,100})?(?:@sha256:[0-9a-f]{64})?")  # fmt: skip
_LONGEST = 80
_TRANSPORTS = {
    "local": "stdio", "remote": "http", "streamable_http": "http", "streamable-http": "http",
    "streamablehttp": "http", "http": "http", "url": "http", "stdio": "stdio", "sse": "sse",
    "ws": "websocket", "websocket": "websocket",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """``package``: ``<ecosystem>:<name>`` (ecosystem ``image`` for containers). ``version``: as
    written; empty means whatever is newest at each start."""

    transport: str = ""
    command: str = ""
    package: str = ""
    version: str = ""
    host: str = ""
    path: str = ""
    env: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()

    def provider(self, knowledge: Knowledge) -> str:
        """Whose server it is, by package, image or host; empty where the catalogue does not say."""
        ecosystem, _, name = self.package.partition(":")
        if ecosystem == "image":
            return knowledge.image(name)
        found = knowledge.package(ecosystem, name) if name else ""
        return found or (knowledge.host(self.host, self.path) if self.host else "")

    def tags(self) -> tuple[tuple[str, str], ...]:
        pinned = "yes" if _is_exact(self.version) else "no"
        said = (
            ("transport", self.transport), ("command", self.command), ("package", self.package),
            ("version", self.version), ("pinned", pinned if self.package else ""),
            ("host", self.host), ("env", " ".join(self.env)), ("headers", " ".join(self.headers)),
        )  # fmt: skip
        return tuple((key, value) for key, value in said if value)


def is_server(value: Any) -> bool:
    """Whether a value has what a server needs: something to start or something to call."""
    if not isinstance(value, dict):
        return False
    if any(isinstance(value.get(key), str | list | dict) for key in _COMMAND_KEYS):
        return True
    return any(isinstance(value.get(key), str) for key in _URL_KEYS)


def plain(value: Any, most: int = 100) -> str:
    """Text that can be stored: JSON can spell half a surrogate pair. Empty for what is no text."""
    return value[:most].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def slug(name: str) -> str:
    """A server's name as part of an id: the same in every client's file."""
    readable = _UNNAMEABLE.sub("-", name.strip().lower())[:_LONGEST].strip("-/")
    return told_apart(readable, name, _LONGEST) or "unnamed"


def server_of(value: dict[str, Any]) -> Server:
    """``value``: as it stands in a client's file, of any client."""
    words = _words(value)
    url = next((value[k] for k in _URL_KEYS if isinstance(value.get(k), str)), "")
    said = str(value.get("type") or value.get("transport") or value.get("transportType") or "")
    package, version, inner_url, inner_env = _started(words)
    host, path = host_of(url or inner_url)
    transport = _TRANSPORTS.get(said.lower(), "")
    if words:
        transport = "stdio"
    elif not transport and host:
        transport = "sse" if path.rstrip("/").endswith("/sse") else "http"
    headers = value.get("headers") or value.get("requestInit")
    names = headers if isinstance(headers, dict) else {}
    return Server(
        transport=transport,
        command=_basename(words[0]) if words else "",
        package=package,
        version=version,
        host=host,
        path=path,
        env=tuple(sorted(set(_env_names(value)) | set(inner_env))),
        headers=tuple(sorted(n for n in map(str, names) if _HEADER_NAME.fullmatch(n))),
    )


def host_of(url: str) -> tuple[str, str]:
    """(host with a port that is told, path); empty where the text is a template or no URL."""
    if not re.match(r"(?:https?|wss?)://", url, re.I):
        return "", ""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError:
        return "", ""
    if not _HOST.fullmatch(host):
        return "", ""
    return (f"{host}:{port}" if port else host), split.path


def _words(value: dict[str, Any]) -> list[str]:
    command: Any = next((value[k] for k in _COMMAND_KEYS if value.get(k)), None)
    arguments: Any = value.get("args")
    if isinstance(command, dict):
        arguments = command.get("args")
        command = command.get("path") or command.get("command")
    words = command.split() if isinstance(command, str) else command
    words = [*words] if isinstance(words, list) else []
    words += arguments if isinstance(arguments, list) else []
    return [word for word in words[:200] if isinstance(word, str) and word]


def _env_names(value: dict[str, Any]) -> Iterator[str]:
    for key in _ENV_KEYS:
        held = value.get(key)
        if isinstance(held, dict | list):
            for entry in held:
                name = entry.partition("=")[0] if isinstance(entry, str) else ""
                if _ENV_NAME.fullmatch(name):
                    yield name


_RUNNERS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "npx": ("npm", (), ("-p", "--package")),
    "bunx": ("npm", (), ("-p", "--package")),
    "pnpx": ("npm", (), ("--package",)),
    "pnpm": ("npm", ("dlx",), ("--package",)),
    "yarn": ("npm", ("dlx",), ("-p", "--package")),
    "bun": ("npm", ("x",), ("-p", "--package")),
    "npm": ("npm", ("exec", "x"), ("--package",)),
    "uvx": ("pypi", (), ("--from",)),
    "uv": ("pypi", ("tool", "run"), ("--from",)),
    "pipx": ("pypi", ("run",), ("--spec",)),
    "dnx": ("nuget", (), ()),
}
"""Runner -> (ecosystem, sub-commands that must follow, options that name the package)."""
_SHELLS = frozenset({"cmd", "sh", "bash", "zsh", "env", "wsl", "sudo", "powershell", "pwsh"})
_DOCKER = frozenset({"docker", "podman", "nerdctl"})
_VALUED = frozenset(
    {"--python", "--with", "--index-url", "--index", "--directory", "--registry", "-c", "--cache",
     "--refresh-package", "--project", "--cwd"}
)  # fmt: skip
_DOCKER_FLAGS = frozenset(
    {"-i", "-t", "-it", "-d", "--rm", "--init", "--interactive", "--tty", "--privileged",
     "--read-only", "-P", "--detach", "--no-healthcheck"}
)  # fmt: skip

_Started = tuple[str, str, str, tuple[str, ...]]
"""Package, version, URL among the arguments, variables that a container is given."""


def _started(words: list[str]) -> _Started:
    words = _unwrapped(words)
    if not words:
        return "", "", "", ()
    runner, rest = _basename(words[0]), words[1:]
    url = next((word for word in rest if re.match(r"https?://", word)), "")
    if runner in _DOCKER and rest[:1] == ["run"]:
        image, env = _container(rest[1:])
        bare, version = _image_version(image)
        return (f"image:{bare}" if bare else ""), version, url, env
    if runner in _RUNNERS:
        package, version = _run_package(runner, rest)
        return package, version, url, ()
    if runner.startswith("python") and rest[:1] == ["-m"] and len(rest) > 1:
        module = _PACKAGE.fullmatch(rest[1].partition(".")[0])
        return (f"pypi:{module[1]}" if module else ""), "", url, ()
    return "", "", url, ()


def _unwrapped(words: list[str]) -> list[str]:
    """``cmd /c npx x``, ``env A=1 npx x``, ``sh -c "npx x"`` -> ``npx x``."""
    for _ in range(3):
        if not words or _basename(words[0]) not in _SHELLS:
            return words
        words = words[1:]
        while words and (words[0].startswith(("-", "/")) or re.match(r"[A-Za-z_]\w*=", words[0])):
            words = words[1:]
        if words and " " in words[0]:
            words = [*words[0].split(), *words[1:]]
    return words


def _run_package(runner: str, words: list[str]) -> tuple[str, str]:
    ecosystem, wanted, naming = _RUNNERS[runner]
    if wanted and words[: 1 if runner != "uv" else 2] not in (
        [[w] for w in wanted] if runner != "uv" else [list(wanted)]
    ):
        return "", ""
    words = words[2 if runner == "uv" else 1 if wanted else 0 :]
    at = 0
    while at < len(words):
        word = words[at]
        option, equals, value = word.partition("=")
        if option in naming:
            return _package(ecosystem, value if equals else "".join(words[at + 1 : at + 2]))
        if not word.startswith("-"):
            return _package(ecosystem, word)
        at += 2 if word in _VALUED else 1
    return "", ""


def _package(ecosystem: str, text: str) -> tuple[str, str]:
    remote = re.match(r"(?:git\+)?https?://(?:[^@/\s]{1,200}@)?([\w.-]+/[\w.-]+/[\w.-]+)", text)
    if remote:
        return f"git:{remote[1].removesuffix('.git').lower()}", ""
    found = _PACKAGE.fullmatch(text)
    return (f"{ecosystem}:{found[1]}", found[2] or "") if found else ("", "")


def _container(words: list[str]) -> tuple[str, tuple[str, ...]]:
    env: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        option, equals, value = word.partition("=")
        if option in ("-e", "--env"):
            name = value if equals and option == "--env" else "".join(words[at + 1 : at + 2])
            name = name.partition("=")[0]
            env += [name] if _ENV_NAME.fullmatch(name) else []
            at += 1 if equals else 2
        elif word.startswith("-"):
            at += 1 if equals or word in _DOCKER_FLAGS else 2
        else:
            return word, tuple(env)
    return "", tuple(env)


def _image_version(image: str) -> tuple[str, str]:
    if not _IMAGE.fullmatch(image):
        return "", ""
    bare, _, digest = image.partition("@")
    head, slash, last = bare.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", digest[:19] or tag


def _is_exact(version: str) -> bool:
    return re.match(r"(?:v?\d[\w.+-]*$|sha256:)", version) is not None


def _basename(command: str) -> str:
    """A path would tell of somebody's machine; what is neither plain nor short is not told."""
    name = re.split(r"[/\\]", command)[-1].lower()
    name = re.sub(r"\.(?:exe|cmd|bat)$", "", name)
    return name if re.fullmatch(r"[\w.+-]{1,60}", name) else ""
