"""Who may ask from a browser: code that lets every page do so, beside a list of those that may, or with the visitor's cookies."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks import program
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.variables import is_dotenv
from boringops_tools.patterns import lazy_pattern

_CODE = (".py", ".js", ".mjs", ".cjs", ".ts", ".go", ".java", ".kt", ".rb", ".php", ".cs", ".rs", ".ex")
_ANY = lazy_pattern(
    r"""(?i)Access-Control-Allow-Origin["']?\s*[\])]?\s*[,:=]{1,2}>?\s*["'`]?\*["'`]|["']Access-Control-Allow-Origin: ?\*["']|\borigins?:\s*(?:\[\s*)?["']\*["']|"""
    r"""\ballow_origins\s*=\s*\[\s*["']\*["']\s*,?\s*\]|\bAllow(?:ed)?Origins:\s*\[\]string\{\s*"\*"\s*\}|\bAllowAnyOrigin\(\)|\ballowedOrigin(?:s|Patterns)\(\s*"\*"\s*\)|@CrossOrigin\(\s*(?:origins\s*=\s*)?\{?\s*"\*"|"""
    r"""\ballow_origin\(\s*Any\s*\)|CorsLayer::(?:very_)?permissive\(\)|^\s*origins\s+["']\*["']|\bCORS\(\s*app\s*\)|\bcors\(\s*\)|\bCORS_ORIGINS\s*=\s*["']\*["']""",
    re.M,
)
_ORIGIN = lazy_pattern(r"(?i)origin|\bcors\b")
_LIST = lazy_pattern(r"\b(?:[A-Z]+_)*(?:(?:CORS|ALLOWED|TRUSTED)_)+(?:ORIGIN|DOMAIN)S?\b")
_CREDENTIALS = lazy_pattern(
    r"(?i)\bcredentials:\s*true|allow_credentials\s*=\s*True|AllowCredentials(?:\(\)|:\s*true)|Allow-Credentials[\"']?\s*,\s*[\"']?true|allow_credentials\(true\)"
)
_AT_HOME = lazy_pattern(r"(?i)\b(?:if|unless|\?)[^\n]*(?:development|debug|local|test)|NODE_ENV|IsDevelopment|profile")


def _listed(files: Files) -> str:
    """The variable that has the pages which may ask, and what names it; empty where there is none."""
    for path in (each for each in files.all if is_dotenv(each)):
        for line in files.text(path).splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and _LIST.fullmatch(name) and value.strip("\"' ") not in ("*", ""):
                return f"`{name}` ({path})"
    return ""


def _uses_list(text: str) -> bool:
    """Whether a source compares with a list of pages, or hands one on."""
    return bool(
        re.search(r"(?i)origins?\w*\??\.(?:includes|has|indexOf|some|contains|find)\(|\bin\s+\w*origins\b", text)
    )


def _any(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for match in _ANY.finditer(text) if _ORIGIN.search(text) else ():
        line = text.count("\n", 0, match.start()) + 1
        lead = text[: match.start()].rpartition("\n")[2]
        before = "\n".join([*text[: match.start()].splitlines()[-4:], match[0]])
        if lead.lstrip().startswith(("//", "#", "*")) or _AT_HOME.search(before):
            continue
        near = text[max(0, match.start() - 300) : match.end() + 300]
        if _CREDENTIALS.search(near):
            yield Hit(line, f"`{match[0].strip()[:60]}` with credentials: any page asks with its visitor's session")
            continue
        named = files.once(_listed)
        if (
            named
            and path in program.code(files)
            and not any(_uses_list(files.text(each)) for each in program.code(files))
        ):
            yield Hit(line, f"`{match[0].strip()[:60]}` lets every page ask; those that may are in {named}")


def _applies(path: str) -> bool:
    return path.endswith(_CODE) and not re.search(
        r"(?i)(?:^|[/._-])(?:tests?|specs?|__tests__|e2e|examples?|samples?|demos?|docs?|dev|local|node_modules|vendor|fixtures|dist|build)(?=[/._-])|(?:^|/)test_",
        path,
    )


_LISTS = {".env.example": "CORS_ORIGINS=https://a.example\n"}
_JS = "import {{ createServer }} from 'node:http';\ncreateServer((q, r) => {{\n  r.setHeader('Access-Control-Allow-Origin', {});\n  r.end();\n}}).listen(3000);\n"

RULES = (
    Rule("settings/any-origin", "warning", "Name the pages that may ask.", "Fetch standard, CORS protocol: Access-Control-Allow-Origin says which page may read the answer.", _applies, _any,
         bad=(
             {**_LISTS, "src/server.js": _JS.format("'*'")}, {"app.py": 'app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)\n'}, {".env.example": "ALLOWED_ORIGINS=https://a.example\n", "main.go": 'package main\nfunc a(w http.ResponseWriter) { w.Header().Set("Access-Control-Allow-Origin", "*") }\n'},
             {"Program.cs": "policy.AllowAnyOrigin().AllowAnyHeader().AllowCredentials();\n"}, {**_LISTS, "server.js": "app.use(cors({ origin: '*' }));\n"},
         ),
         good=(
             {"src/server.js": _JS.format("'*'")}, {**_LISTS, "src/server.js": _JS.format("origin")}, {**_LISTS, "src/server.js": "const allowed = origins.includes(origin);\n" + _JS.format("'*'")}, {".env.example": "CORS_ORIGINS=*\n", "src/server.js": _JS.format("'*'")},
             {**_LISTS, "test/server.js": _JS.format("'*'")}, {**_LISTS, "src/server.js": "if (config.local) {\n  app.use(cors());\n}\n"}, {"app.py": 'app.add_middleware(CORSMiddleware, allow_origins=["*"])\n'},
         )),
)  # fmt: skip
