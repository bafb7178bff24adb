"""Who commits and creates without being anybody: programs, by their addresses and logins.

A program answers for nothing, so none of these is an owner. Where their makers say so:
GitHub's own (https://docs.github.com/en/actions, the ``[bot]`` of every App), GitLab's tokens
(https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects),
coding agents that sign what they commit (https://docs.claude.com/en/docs/claude-code/settings).
Names that people bear (Travis, Devin, Claude) stand here only with their makers' hosts.
"""

from __future__ import annotations

import re

_NAMES = (
    "automation", "azure-pipelines", "bamboo", "bot", "buildbot", "buildkite", "ci", "ci-bot",
    "circleci", "copilot", "copilot-swe-agent", "cursoragent", "dependabot", "deploy", "deployer",
    "fluxcdbot", "github-actions", "gitlab-ci", "gitlab-runner", "greenkeeper", "jenkins",
    "renovate", "robot", "semantic-release", "teamcity", "terraform",
)  # fmt: skip
"""Logins, and what stands before the ``@``, whole."""
_FORMS = (
    r".*\[bot\].*",
    r"(?:[^@]*[-_.])?bot",
    r"(?:[^@]*[-_.])?bot@.*",
    r"(?:project|group)_\d+_bot\w*(?:@.*)?",
    r"service_account_\w+(?:@.*)?",
    r"(?:\d+\+)?(?:{names})@.*",
    r"(?:{names})",
    r"no-?reply@.*",
    r"actions?@github\.com",
    r".*@(?:cursor|anthropic|devin|dependabot|renovateapp)\.(?:com|ai)",
    r"aider@aider\.chat",
    r".*@localhost(?:\..*)?",
)
_PROGRAM = re.compile("|".join(_FORMS).replace("{names}", "|".join(map(re.escape, _NAMES))))


def is_program(text: str) -> bool:
    """Of an address or a login; ``@`` before a login does not matter."""
    return _PROGRAM.fullmatch(text.strip().casefold().removeprefix("@")) is not None
