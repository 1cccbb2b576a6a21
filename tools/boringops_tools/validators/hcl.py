"""Whether HCL (Terraform, OpenTofu, Packer, Nomad) can be read, by python-hcl2."""

from __future__ import annotations

from collections.abc import Iterable

from boringops.facts import Finding
from boringops_tools.validators.base import File, InProcess

_CAP = 256 * 1024  # characters; reading so many takes some seconds


class HclSyntax(InProcess):
    name = "python-hcl2"
    about = "HCL syntax: *.tf, *.tofu, *.tfvars, *.hcl"
    aspect = "hcl syntax"
    distribution = "python-hcl2"
    get = "pip install python-hcl2"

    def covers(self, file: File) -> bool:
        return file.suffix in (".tf", ".tofu", ".tfvars", ".hcl")

    def skip(self, file: File) -> str:
        return f"is longer than {_CAP // 1024} KiB" if len(file.text) > _CAP else ""

    def judge(self, file: File) -> Iterable[Finding | str]:
        import hcl2
        from lark.exceptions import LarkError, UnexpectedInput

        try:
            hcl2.parses(file.text.replace("\r\n", "\n") + "\n")
        except UnexpectedInput as error:
            line = error.line if isinstance(error.line, int) else None
            yield self.finding(file, "syntax", "error", line, str(error).partition("\n")[0])
        except (LarkError, RecursionError, ValueError) as error:
            yield self.finding(file, "syntax", "error", None, f"cannot be read: {error}")


VALIDATORS = (HclSyntax(),)
