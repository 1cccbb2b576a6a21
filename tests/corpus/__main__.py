"""`python -m tests.corpus [--write] [KIND...]`: what `check` catches, and whom it blames wrongly, by kind of file."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

from tests.corpus.cases import BATCHES
from tests.corpus.measure import Row, all_kinds, digest, judge, row
from tests.corpus.table import render, write


def main(arguments: list[str]) -> int:
    """Print each kind as it is measured; with --write put the table into the document. 1 where a good file is flagged."""
    wanted = [each for each in arguments if not each.startswith("--")]
    chosen = [each for each in all_kinds() if not wanted or each[0] in wanted or each[1] in wanted]
    rows: list[Row] = []
    with ProcessPoolExecutor() as pool:
        for measured, told in pool.map(_measured, chosen):
            rows.append(measured)
            print(told, flush=True)
    table = render(rows, digest())
    print(f"\n{table}")
    if "--write" in arguments and not wanted:
        write(table)
    return int(any(each.blamed for each in rows))


def _measured(chosen: tuple[str, str]) -> tuple[Row, str]:
    """The row of a kind, and what there is to say of it: what was missed, and what good cases are blamed for."""
    batch, kind = chosen
    verdicts = judge(batch, kind)
    made = row(title(batch, kind), verdicts, judge(batch, kind, own=True))
    told = [f"{made.kind}: {made.caught}/{made.defects} caught, {made.blamed}/{made.good} good cases flagged"]
    for verdict in verdicts:
        if verdict.case.good == verdict.blamed:
            told.append(f"    {'FLAGGED' if verdict.blamed else 'missed'}: {verdict.case.name}")
        told += [
            f"        {each.path}:{each.line}: {each.source} {each.rule}: {each.message[:160]}"
            for each in verdict.findings
            if verdict.case.good
        ]
    return made, "\n".join(told)


def title(batch: str, kind: str) -> str:
    """What a row is called; `(2)` marks the second batch, and so on."""
    return kind if batch == BATCHES[0] else f"{kind} ({BATCHES.index(batch) + 1})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
