"""`python -m tests.corpus [KIND...]`: what `check` catches and whom it blames wrongly, by kind of file."""
import sys

from tests.corpus.cases import kinds
from tests.corpus.measure import judge

wanted = sys.argv[1:]
for batch in ("first", "second"):
    if wanted and wanted[0] in ("first", "second") and wanted[0] != batch:
        continue
    total = [0, 0, 0, 0]
    for kind in kinds(batch):
        if [w for w in wanted if w not in ("first", "second")] and kind not in wanted:
            continue
        verdicts = judge(batch, kind)
        bad = [v for v in verdicts if not v.case.good]
        good = [v for v in verdicts if v.case.good]
        missed = [v for v in bad if not v.caught]
        false = [v for v in good if v.caught]
        total = [a + b for a, b in zip(total, (len(bad), len(missed), len(good), len(false)))]
        print(f"{batch} {kind}: {len(bad) - len(missed)}/{len(bad)} caught, {len(false)}/{len(good)} good flagged", flush=True)
        for v in missed:
            print(f"    MISSED {v.case.name}")
        for v in bad:
            if v.caught:
                print(f"    ok {v.case.name}: {sorted({f.rule for f in v.findings})}")
        for v in false:
            print(f"    FALSE {v.case.name}")
            for f in v.findings:
                print(f"        {f.path}:{f.line} {f.source} {f.rule} {f.severity}: {f.message[:150]}")
    print(batch, "bad/missed/good/flagged", total)
