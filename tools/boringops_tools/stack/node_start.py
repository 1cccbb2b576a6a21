"""How a Node application is started: from its scripts to a command in exec form."""

from __future__ import annotations

import re
import shlex
from typing import Any

from boringops_tools.stack.facts import Node, Source
from boringops_tools.stack.tree import Tree, join, table

_DEVELOPMENT_SERVERS = {
    "nx", "ng", "vite", "webpack", "webpack-dev-server", "concurrently", "turbo", "gulp", "grunt", "react-scripts", "expo",
    "parcel", "vue-cli-service", "gatsby", "wrangler", "vercel", "netlify",
}  # fmt: skip
_RUNNERS = {"nodemon": "node", "node-dev": "node", "ts-node-dev": "ts-node", "tsnd": "ts-node"}
_ENTRIES = (
    "server.js", "index.js", "app.js", "main.js", "src/index.js", "src/server.js", "src/app.js", "src/main.js", "server.mjs",
    "index.mjs",
)  # fmt: skip
_BUN_ENTRIES = ("index.ts", "src/index.ts", "server.ts", "src/server.ts", "main.ts", "index.tsx")


def start(
    tree: Tree,
    folder: str,
    manifest: dict[str, Any],
    scripts: dict[str, str],
    framework: str,
    node: Node,
    dev: set[str],
) -> tuple[list[str], Source | None, Node]:
    """The start command in exec form, without npm in between: npm does not hand signals on."""
    path = join(folder, "package.json")
    if framework == "nextjs" and (
        "next start" in scripts.get("start", "next start") or node.next_output == "standalone"
    ):
        command = (
            ["node", "server.js"]
            if node.next_output == "standalone"
            else ["node", "node_modules/next/dist/bin/next", "start"]
        )
        return command, Source(path=path, line=tree.line(path, '"start"')), node
    name = next((name for name in ("start:prod", "start:production", "start", "serve:prod") if name in scripts), "")
    text = scripts.get(name, "")
    if not text:
        return _entry(tree, folder, manifest, node)
    source = Source(path=path, line=tree.line(path, f'"{name}"'))
    *before, text = [part.strip() for part in text.split("&&")]
    before = [part for part in before if not re.fullmatch(r"(npm|pnpm|yarn|bun) (run )?build", part)]
    node = node.model_copy(update={"before_start": before})
    argv = plain_argv(text)
    if argv is None:
        kept = node.model_copy(update={"keep_dev": True})
        return ["npm", "run", name] if name != "start" else ["npm", "start"], source, kept
    if argv[0] == "bun":
        return _bun(argv), source, node.model_copy(update={"runtime": "bun"})
    program = _RUNNERS.get(argv[0], argv[0])
    if program in _DEVELOPMENT_SERVERS:
        return [], source, node
    if program == "nest" and node.build:  # `nest start` compiles and watches; the build has left this
        return ["node", "dist/main.js"], source, node
    built = _built(tree, folder, argv[1:], node) if program in {"ts-node", "tsx"} else ""
    if built:
        return ["node", built], source, node
    if program == "node":
        return ["node", *[_with_suffix(tree, folder, word) for word in argv[1:]]], source, node
    if program in {"npm", "pnpm", "yarn"}:
        return argv, source, node.model_copy(update={"keep_dev": True})
    needs = program in dev or argv[0] in dev
    return [f"./node_modules/.bin/{program}", *argv[1:]], source, node.model_copy(update={"keep_dev": needs})


def _entry(tree: Tree, folder: str, manifest: dict[str, Any], node: Node) -> tuple[list[str], Source | None, Node]:
    """What runs where no script says so: package.json's `main`, or a usual file."""
    said = [str(manifest.get("main") or ""), str(manifest.get("module") or "")]
    usual = (*_BUN_ENTRIES, *_ENTRIES) if node.runtime == "bun" else _ENTRIES
    entry = next(
        (file.removeprefix("./") for file in (*said, *usual) if file and join(folder, file.removeprefix("./")) in tree),
        "",
    )
    if not entry:
        return [], None, node
    return [node.runtime, entry], Source(path=join(folder, entry)), node


def _bun(argv: list[str]) -> list[str]:
    """`bun run src/index.ts` and `bun --hot src/index.ts` as what they start in production."""
    words = [word for word in argv[1:] if word not in {"--hot", "--watch"}]
    return ["bun", *words[1:]] if words[:1] == ["run"] and len(words) > 1 and "." in words[1] else ["bun", *words]


def _with_suffix(tree: Tree, folder: str, word: str) -> str:
    """`node server` and `node ./bin/www` as the file they mean."""
    clean = word.removeprefix("./")
    return f"{clean}.js" if join(folder, f"{clean}.js") in tree else clean if join(folder, clean) in tree else word


def plain_argv(text: str) -> list[str] | None:
    """The words of a command without shell features, environment assignments dropped; None where it has some."""
    if re.search(r"[|&;<>$`()]", text):
        return None
    try:
        argv = shlex.split(text)
    except ValueError:
        return None
    while argv and (
        argv[0] in {"cross-env", "npx", "dotenv", "--", "bunx"} or re.fullmatch(r"[A-Za-z_]\w*=.*", argv[0])
    ):
        argv = argv[1:]
    return argv or None


def _built(tree: Tree, folder: str, argv: list[str], node: Node) -> str:
    """The JavaScript file that the build makes out of a TypeScript entry."""
    entry = next((word.removeprefix("./") for word in argv if re.search(r"\.[cm]?ts$", word)), "")
    options = table(tree.json(join(folder, "tsconfig.json")), "compilerOptions")
    out = options.get("outDir")
    if not entry or not node.build or not isinstance(out, str):
        return ""
    out = out.removeprefix("./").strip("/")
    rooted = str(options.get("rootDir") or "").removeprefix("./").strip("/")
    inner = entry.removeprefix(f"{rooted}/") if rooted and rooted != "." else entry
    if (
        not rooted
        and entry.startswith("src/")
        and not any("/" not in path.removeprefix(f"{folder}/" if folder else "") for path in tree.below(folder, ".ts"))
    ):
        inner = entry.removeprefix("src/")
    return f"{out}/{re.sub(r'ts$', 'js', inner)}"
