"""`python -m tests.corpus [--write] [KIND...]`: what `check` catches, and whom it blames wrongly, by kind of file."""

from __future__ import annotations

import sys

from tests.corpus.cases import BATCHES
from tests.corpus.measure import Row, all_kinds, digest, judge, row
from tests.corpus.table import render, write


def main(arguments: list[str]) -> int:
    """Print each kind as it is measured; with --write put the table into the document. 1 where a good file is flagged."""
    wanted = [each for each in arguments if not each.startswith("--")]
    rows: list[Row] = []
    for batch, kind in all_kinds():
        if wanted and kind not in wanted and batch not in wanted:
            continue
        verdicts = judge(batch, kind)
        rows.append(row(title(batch, kind), verdicts, judge(batch, kind, own=True)))
        last = rows[-1]
        print(
            f"{last.kind}: {last.caught}/{last.defects} caught, {last.blamed}/{last.good} good cases flagged",
            flush=True,
        )
        for verdict in verdicts:
            if verdict.case.good == verdict.blamed:
                print(f"    {'FLAGGED' if verdict.blamed else 'missed'}: {verdict.case.name}")
            for each in verdict.findings if verdict.case.good else ():
                print(f"        {each.path}:{each.line}: {each.source} {each.rule}: {each.message[:160]}")
    table = render(rows, digest())
    print(f"\n{table}")
    if "--write" in arguments and not wanted:
        write(table)
    return int(any(each.blamed for each in rows))


def title(batch: str, kind: str) -> str:
    """What a row is called; `(2)` marks the second batch, and so on."""
    return kind if batch == BATCHES[0] else f"{kind} ({BATCHES.index(batch) + 1})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
