"""Tables in HTML that people write (a wiki's page) -> rows by their header. Nothing is executed or
fetched; tables within tables are not followed."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

_MOST_ROWS = 20_000


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self._depth = 0
        self._cell: list[str] | None = None
        self._rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append([])
        elif self._depth != 1:
            return
        elif tag == "tr":
            self._end_cell()
            if self._rows < _MOST_ROWS:
                self.tables[-1].append([])
                self._rows += 1
        elif tag in ("td", "th"):
            self._end_cell()
            self._cell = []
        elif self._cell is not None and tag in ("br", "p", "li", "div"):
            self._cell.append("\n")
        elif self._cell is not None and tag == "a":
            self._note(dict(attrs).get("href"))
        elif self._cell is not None and tag in ("ri:user", "time"):
            found = dict(attrs)
            self._note(found.get("ri:account-id") or found.get("datetime"))

    def _note(self, value: str | None) -> None:
        """A mail address stands in the link alone; other addresses beside their text."""
        if value and value.startswith("mailto:"):
            self._cell = [value.removeprefix("mailto:"), "\0"]
        elif value and self._cell is not None and not value.startswith("http"):
            self._cell.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._end_cell()
            self._depth = max(0, self._depth - 1)
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._depth == 1 and self._cell is not None and "\0" not in self._cell:
            self._cell.append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """``<![CDATA[`` and the like; Python before 3.13 asserts that it knows each."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)

    def _end_cell(self) -> None:
        if self._cell is not None and self.tables and self.tables[-1]:
            text = "".join(part for part in self._cell if part != "\0")
            lines = (" ".join(line.split()) for line in text.split("\n"))
            self.tables[-1][-1].append("; ".join(line for line in lines if line))
        self._cell = None


def rows_of(html: str) -> Iterator[dict[str, str]]:
    """Every row below the first one of each table, by the words of that first one."""
    parser = _Tables()
    parser.feed(html)
    parser.close()
    for table in parser.tables:
        rows = [row for row in table if any(row)]
        if len(rows) < 2:
            continue
        header = rows[0]
        for row in rows[1:]:
            yield {name: cell for name, cell in zip(header, row, strict=False) if name}
