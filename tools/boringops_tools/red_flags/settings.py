"""Settings of configuration files that switch the check of certificates off, whatever program reads them."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable, Mapping

from boringops_tools.ansible_files import is_ansible
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.pipelines import is_pipeline
from boringops_tools.yaml_files import documents, is_compose, is_yaml, line_of, walk

_NEVER = "Disable security features for convenience"
# How the programs spell it, in lower case and without separators; and the value that switches the check off.
_OFF: dict[str, bool] = {
    "insecureskipverify": True,  # Prometheus, Go programs, ServiceMonitor
    "insecureskiptlsverify": True,  # kubeconfig, APIService
    "tlsinsecureskipverify": True,
    "skiptlsverify": True,
    "insecuretlsskipverify": True,
    "tlsskipverify": True,  # Grafana
    "tlsskipverifyinsecure": True,  # Grafana's OAuth
    "skipverify": True,  # mail and webhooks of Grafana and Gitea
    "sslinsecure": True,
    "smtprequiretls": False,  # Alertmanager
    "requiretls": False,
    "sslverify": False,
    "verifyssl": False,
    "tlsverify": False,
    "validatecerts": False,
    "rejectunauthorized": False,  # Node
    "enablestrictssl": False,
    "strictssl": False,
    "trustservercertificate": True,  # SQL Server
}


def switches_off(key: object, value: object) -> bool:
    """Whether a setting switches the check of certificates off."""
    off = _OFF.get(str(key).lower().replace("_", "").replace("-", ""))
    if isinstance(value, str):  # YAML 1.1, which most of these programs read, has more words for it
        return value.lower() in (("yes", "on", "true") if off else ("no", "off", "false")) and off is not None
    return off is not None and value is off


def _unchecked(path: str, text: str) -> Iterable[Hit]:
    lower = text.lower().replace("_", "").replace("-", "")
    if not any(key in lower for key in _OFF) or is_ansible(path, text):
        return
    for document in documents(text):
        for parent, key, value in walk(document):
            if isinstance(parent, Mapping) and switches_off(key, value):
                yield Hit(
                    line_of(parent, key), f"`{key}: {str(value).lower()}` switches the check of the other side off"
                )


_LINE = lazy_pattern(r"(?m)^[ \t]*(?P<key>[A-Za-z][\w.-]*)[ \t]*=[ \t]*[\"']?(?P<value>\w+)[\"']?[ \t]*(?:[;#].*)?$")
_TRIAL = lazy_pattern(
    r"(?i)(?:^|[/_.-])(?:tests?|testing|fixtures?|testdata|examples?|samples?|dev|devel|development|local)(?:[/_.-]|$)"
)


def _in_lines(_: str, text: str) -> Iterable[Hit]:
    for each in _LINE.finditer(text):
        key = each["key"].rpartition(".")[2]
        if switches_off(key, each["value"]):
            line = text.count("\n", 0, each.start("key")) + 1
            yield Hit(line, f"`{key} = {each['value']}` switches the check of the other side off")


RED_FLAGS = (
    RedFlag(
        "tls/line-off", _NEVER, "error", "Give it the certificate authority to trust instead; without the check anybody may answer.",
        applies=lambda path: path.endswith((".ini", ".cfg", ".conf", ".properties", ".cnf")) and not _TRIAL.search(path), check=_in_lines,
        bad={
            "grafana.ini": "[auth.generic_oauth]\nuse_pkce = true\ntls_skip_verify_insecure = true\n", "gitea/app.ini": "[mailer]\nSKIP_VERIFY=true ; for now\n",
            "telegraf.conf": "[[inputs.http]]\n  insecure_skip_verify = true\n", "a.properties": "client.ssl.verify-ssl=false\n",
        },
        good={"grafana.ini": "[smtp]\n;skip_verify = true\nskip_verify = false\n", "telegraf.conf": "# insecure_skip_verify = true\n", "tests/a.ini": "[smtp]\nskip_verify = true\n"},
    ),
    RedFlag(
        "tls/setting-off", _NEVER, "error", "Give it the certificate authority to trust instead; without the check anybody may answer.",
        # pipelines, Compose and Ansible have rules of their own
        applies=lambda path: is_yaml(path) and not is_pipeline(path) and not is_compose(path), check=_unchecked,
        bad={
            "prometheus.yml": "scrape_configs:\n- job_name: a\n  tls_config: {insecure_skip_verify: true}\n",
            "monitor.yaml": "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nspec: {endpoints: [{tlsConfig: {insecureSkipVerify: true}}]}\n",
            "alertmanager.yml": "global: {smtp_require_tls: false}\n", "b.yml": "global: {smtp_require_tls: no}\n",
        },
        good={"prometheus.yml": "scrape_configs:\n- job_name: a\n  tls_config: {insecure_skip_verify: false}\n", "values.yaml": "insecureSkipVerify: \"{{ x }}\"\nverify_ssl: true\n"},
    ),
)  # fmt: skip
