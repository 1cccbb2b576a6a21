"""Whether a Jenkinsfile is Groovy, by groovy-parser. What a pipeline's sections may hold only Jenkins knows."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence

from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.validators.base import File, Program, Ran, Said, installed

_BATCH = 2  # a file takes one to four seconds
# In a process of its own: a file may take it long, and a process can be ended.
_RUN = """
import json, sys
from groovy_parser.parser import GroovyRestrictedTokenizer, create_groovy_parser
from lark.exceptions import LarkError
parser = create_groovy_parser()
found = []
for name in sys.argv[1:]:
    try:
        parser.parse(list(GroovyRestrictedTokenizer().get_tokens(open(name, encoding="utf-8").read())))
    except (LarkError, ValueError) as error:
        line = getattr(error, "line", None)
        found.append([name, line if isinstance(line, int) else None, str(error).partition("\\n")[0]])
print(json.dumps(found))
"""


class GroovySyntax(Program):
    name = "groovy-parser"
    about = "Jenkinsfile (syntax)"
    aspect = "jenkinsfile syntax"
    distribution = "groovy-parser"
    get = "pip install 'boringops[jenkins]'"

    def covers(self, file: File) -> bool:
        return is_pipeline(file)

    def locate(self) -> str | None:
        return sys.executable if installed(self.distribution) else None

    def version(self) -> str | None:
        return installed(self.distribution)

    def batches(self, files: Sequence[File]) -> Iterable[Sequence[File]]:
        return [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]

    def stage(self, file: File) -> tuple[str, str]:
        return ".groovy", file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["-P", "-c", _RUN, *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        for name, line, message in json.loads(ran.stdout):
            yield Said(name, "syntax", "error", line, message)


def is_pipeline(file: File) -> bool:
    """Whether a file is a pipeline of Jenkins, by its name or by what it starts with."""
    if is_jenkinsfile(file.path):
        return True
    return file.suffix == ".groovy" and bool(re.search(r"(?m)^(?:pipeline|node(?:\(.*\))?)\s*\{", file.text))


VALIDATORS = (GroovySyntax(),)
