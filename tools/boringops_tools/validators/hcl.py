"""Whether HCL (Terraform, OpenTofu, Packer, Nomad) can be read, by python-hcl2."""

from __future__ import annotations

from collections.abc import Iterable

from boringops.facts import Finding
from boringops_tools.validators.base import File, InProcess
from boringops_tools.validators.terraform import Terraform

_CAP = 256 * 1024  # characters; reading so many takes some seconds


class HclSyntax(InProcess):
    name = "python-hcl2"
    about = "HCL syntax: *.tfvars, *.hcl, and *.tf where Terraform is absent"
    aspect = "hcl syntax"
    distribution = "python-hcl2"
    get = "pip install python-hcl2"

    def covers(self, file: File) -> bool:
        if file.suffix in (".tf", ".tofu"):
            return Terraform().locate() is None  # whose own parser knows best
        return file.suffix in (".tfvars", ".hcl")

    def skip(self, file: File) -> str:
        return f"is longer than {_CAP // 1024} KiB" if len(file.text) > _CAP else ""

    def judge(self, file: File) -> Iterable[Finding | str]:
        import hcl2
        from lark.exceptions import LarkError, UnexpectedInput, UnexpectedToken

        try:
            hcl2.parses(file.text.replace("\r\n", "\n") + "\n")
        except UnexpectedToken as error:
            if "\n" in error.token.strip(" \t\n") or "${" in _line(file.text, error.line):
                yield "python-hcl2 cannot read an interpolation over several lines"
                return
            yield self.finding(file, "syntax", "error", error.line, str(error).partition("\n")[0])
        except UnexpectedInput as error:
            line = error.line if isinstance(error.line, int) else None
            yield self.finding(file, "syntax", "error", line, str(error).partition("\n")[0])
        except (LarkError, RecursionError, ValueError) as error:
            yield self.finding(file, "syntax", "error", None, f"cannot be read: {error}")


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number - 1] if 0 < number <= len(lines) else ""


VALIDATORS = (HclSyntax(),)
