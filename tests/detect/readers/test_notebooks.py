"""Notebooks: cells as code, commands in cells, and lines that are the file's own."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from scanner.detect.engine import Detector
from scanner.model.items import Hit, HitKind

BOTH = ("credentials", "usage")


def _notebook(*cells: Any, language: str = "python") -> str:
    return json.dumps(
        {
            "cells": [
                {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell}
                for cell in cells
            ],
            "metadata": {"language_info": {"name": language}},
            "nbformat": 4,
        },
        indent=1,
    )


def _hits(detector: Detector, text: str) -> list[Hit]:
    return list(detector.examine(text.encode(), "a.ipynb", BOTH))


def _line(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_commands_install_and_pull(detector: Detector) -> None:
    text = _notebook(
        ["%pip install -U --quiet 'crewai[tools]' openai\n", "import os\n"],
        ["!pip install anthropic\n", "!ollama pull llama3.2\n"],
        ["%%bash\n", "uv pip install cohere\n"],
    )
    found = {h.label: (h.provider, h.line) for h in _hits(detector, text) if h.kind in (
        HitKind.PACKAGE, HitKind.MODEL)}  # fmt: skip

    assert found["crewai"] == ("crewai", _line(text, "crewai[tools]"))
    assert found["openai"][0] == "openai"
    assert found["anthropic"] == ("anthropic", _line(text, "pip install anthropic"))
    assert found["cohere"] == ("cohere", _line(text, "install cohere"))
    assert found["llama3.2"][0] == "ollama"


def test_cells_are_code_for_clients_and_agents(detector: Detector) -> None:
    text = _notebook(
        ["if True:\n", "    !pip install crewai\n", "from crewai import Agent\n"],
        ["def broken(:\n"],
        ["# größer\n", "writer = Agent(\n", '    role="Blog Writer",\n', "    goal='x',\n", ")"],
    )  # fmt: skip
    (agent,) = [hit for hit in _hits(detector, text) if hit.part]

    assert (agent.part, agent.provider) == ("agent/blog-writer", "crewai")
    assert agent.line == _line(text, "writer = Agent")


def test_a_cell_in_one_string_shows_its_imports(detector: Detector) -> None:
    text = _notebook("import os\nfrom openai import OpenAI\nclient = OpenAI()")

    assert "openai" in {h.provider for h in _hits(detector, text) if h.kind is HitKind.IMPORT}


def test_packages_of_polyglot_notebooks(detector: Detector) -> None:
    text = _notebook(['#r "nuget: Microsoft.SemanticKernel, 1.23.0"\n'], language="csharp")
    (hit,) = [h for h in _hits(detector, text) if h.kind is HitKind.PACKAGE]

    assert (hit.provider, hit.line) == ("semantic_kernel", _line(text, "#r "))


def test_prose_and_other_languages_are_no_python(detector: Detector) -> None:
    markdown = json.dumps(
        {"cells": [{"cell_type": "markdown", "source": ["pip install openai\n"]}]}
    )

    assert [h for h in _hits(detector, markdown) if h.kind is HitKind.PACKAGE] == []


@pytest.mark.parametrize(
    "text",
    ['{"cells": 3}', '{"cells": [3, {"cell_type": "code", "source": 4}, {"cell_type": "code"}]}',
     '{"cells": [{"cell_type": "code", "source": [1, null, "import openai\\n"]}], "metadata": 3}',
     '"cells"', '{"cells": ' + "[" * 30_000,
     '{"cells": [{"cell_type": "code", "source": "' + "(" * 5000 + '"}]}',
     '{"cells": [{"cell_type": "code", "source": "import openai\\n\\u0000\\ud800"}]}'],
)  # fmt: skip
def test_wrong_notebooks_never_raise(detector: Detector, text: str) -> None:
    _hits(detector, text)


def test_pictures_cost_next_to_nothing(detector: Detector) -> None:
    document = json.loads(_notebook(["!pip install openai\n", "import openai\n"] * 200))
    document["cells"][0]["outputs"] = [{"data": {"image/png": "iVBORw0KGgo" * 500_000}}]
    text = json.dumps(document).encode()
    reader = next(r for r in detector._usage.readers if r.name == "notebooks")
    from scanner.detect.source import SourceFile

    start = time.process_time()
    found = list(reader.read(SourceFile("a.ipynb", text), detector.knowledge))

    assert found
    assert time.process_time() - start < 1.0
