"""Put the latest results on the site: `python -m benchmarks.tables`. A test compares the page with them."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.measure import RESULTS, table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "index.md"
BEGIN, END = "<!-- benchmarks: written by python -m benchmarks.tables -->", "<!-- end of benchmarks -->"


def main() -> None:
    """Write them."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{tables()}\n{END}{after}", encoding="utf-8")


def tables() -> str:
    """A table for each result, with its command, its date and its machine."""
    return "\n\n".join(_one(path) for path in sorted(RESULTS.glob("*.json")))


def _one(path: Path) -> str:
    kept = json.loads(path.read_text(encoding="utf-8"))
    on = kept["machine"]
    command = f"`python -m benchmarks.{path.stem}`, {on['date']}, {on['cores']} cores, {on['system']}, Python {on['python']}"
    return f"{command}:\n\n{table(kept['columns'], kept['rows'])}\n\n{kept['last']}"


if __name__ == "__main__":
    main()
