"""Shapes that providers give their secrets, and connection strings and headers that name theirs in a fixed way."""

from __future__ import annotations

import functools
import re

# kind: (literals of which one must be in the text, expression of the whole value). The literals make a text without
# secrets cheap: one substring search each. Alphanumerics before the value would make it part of something longer.
SHAPES: dict[str, tuple[tuple[str, ...], str]] = {
    "aws-access-key": (("AKIA", "ASIA", "ABIA", "ACCA"), r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    "github-token": (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255}",
    ),
    "gitlab-token": (
        (
            "glpat",
            "glptt",
            "gldt",
            "glrt",
            "glcbt",
            "glsoat",
            "glft",
            "glimt",
            "glagent",
            "gloas",
            "glffct",
            "GR1348941",
        ),
        r"gl(?:pat|ptt|dt|rt|rtr|cbt|soat|ft|imt|agent|oas|ffct)-[\w.\-]{20,300}|GR1348941[\w\-]{20}",
    ),
    "slack-token": (("xox", "xapp-"), r"xox[abeoprs]-[A-Za-z0-9.\-]{10,250}|xapp-\d-[A-Za-z0-9\-]{20,250}"),
    "slack-webhook": (
        ("hooks.slack.com",),
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9]{6,20}/[A-Za-z0-9]{6,20}/[A-Za-z0-9]{16,64}",
    ),
    "discord-webhook": (("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/\d{10,25}/[\w\-]{40,100}"),
    "teams-webhook": (("webhook.office.com",), r"[a-z0-9\-]{1,60}\.webhook\.office\.com/webhookb2/[\w@/\-]{60,300}"),
    "stripe-key": (("k_live_", "k_test_", "whsec_"), r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[\w+/=]{24,100}"),
    "google-api-key": (("AIza",), r"AIza[\w\-]{35}(?![\w\-])"),
    "google-oauth": (("ya29.", "GOCSPX-", "1//0"), r"ya29\.[\w\-]{20,400}|GOCSPX-[\w\-]{24,40}|1//0[\w\-]{40,120}"),
    "azure-client-secret": (("Q~",), r"[\w~.\-]{3}[78]Q~[\w~.\-]{31,34}(?![\w~.\-])"),
    "azure-devops-token": (("AZDO",), r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])"),
    "npm-token": (("npm_",), r"npm_[A-Za-z0-9]{36,80}"),
    "pypi-token": (("pypi-AgE",), r"pypi-AgE[\w\-]{50,400}"),
    "rubygems-key": (("rubygems_",), r"rubygems_[0-9a-f]{48}"),
    "nuget-key": (("oy2",), r"oy2[a-z0-9]{43}(?![A-Za-z0-9])"),
    "crates-token": (("cio",), r"cio[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    "digitalocean-token": (("_v1_",), r"do[opr]_v1_[0-9a-f]{64}"),
    "sendgrid-key": (("SG.",), r"SG\.[\w\-]{16,32}\.[\w\-]{32,64}"),
    "mailgun-key": (("key-",), r"key-[0-9a-f]{32}(?![0-9A-Za-z])"),
    "mailchimp-key": (("-us",), r"[0-9a-f]{32}-us\d{1,2}(?![0-9A-Za-z])"),
    "brevo-key": (("xkeysib-", "xsmtpsib-"), r"x(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    "resend-key": (("re_",), r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,40}"),
    "twilio-key": (("SK",), r"SK[0-9a-f]{32}(?![0-9A-Za-z])"),
    "anthropic-key": (("sk-ant-",), r"sk-ant-[a-z0-9]{2,12}-[\w\-]{20,200}"),
    "openrouter-key": (("sk-or-",), r"sk-or-v\d-[0-9a-f]{32,80}"),
    "openai-key": (("sk-",), r"sk-(?:(?:proj|svcacct|admin|None)-[\w\-]{20,220}|[A-Za-z0-9]{32,64}(?![\w\-]))"),
    "huggingface-token": (("hf_",), r"hf_[A-Za-z0-9]{34,40}(?![A-Za-z0-9])"),
    "groq-key": (("gsk_",), r"gsk_[A-Za-z0-9]{40,64}"),
    "xai-key": (("xai-",), r"xai-[A-Za-z0-9]{60,100}"),
    "perplexity-key": (("pplx-",), r"pplx-[A-Za-z0-9]{40,64}"),
    "replicate-token": (("r8_",), r"r8_[A-Za-z0-9]{37}"),
    "langsmith-key": (("lsv2_",), r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    "databricks-token": (("dapi",), r"dapi[0-9a-f]{32}(?:-\d)?(?![0-9A-Za-z])"),
    "newrelic-key": (("NRAK-", "NRII-", "NRAL"), r"NR(?:AK|II)-[\w\-]{27,40}|[0-9a-f]{32,36}NRAL"),
    "grafana-token": (("glsa_", "glc_"), r"glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/=]{32,400}"),
    "sentry-token": (("sntrys_", "sntryu_"), r"sntrys_[\w+/=\-]{40,400}|sntryu_[0-9a-f]{64}"),
    "dynatrace-token": (("dt0",), r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    "vault-token": (("hvs.", "hvb.", "hvr."), r"hv[sbr]\.[\w\-]{24,300}"),
    "terraform-cloud-token": ((".atlasv1.",), r"[A-Za-z0-9]{14}\.atlasv1\.[\w\-]{50,80}"),
    "pulumi-token": (("pul-",), r"pul-[0-9a-f]{40}"),
    "doppler-token": (("dp.",), r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.\-]{40,100}"),
    "docker-token": (("dckr_",), r"dckr_[po]at_[\w\-]{20,64}"),
    "artifactory-key": (("AKCp",), r"AKCp[A-Za-z0-9]{60,80}"),
    "atlassian-token": (("ATATT3", "ATCTT3", "ATBB"), r"AT(?:ATT|CTT)3[\w=\-]{50,300}|ATBB[A-Za-z0-9]{32}"),
    "linear-key": (("lin_api_",), r"lin_api_[A-Za-z0-9]{40}"),
    "notion-token": (("ntn_",), r"ntn_[A-Za-z0-9]{40,60}"),
    "shopify-token": (("shp",), r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    "square-token": (("sq0",), r"sq0(?:atp|csp)-[\w\-]{22,60}"),
    "postman-key": (("PMAK-",), r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    "figma-token": (("figd_",), r"figd_[\w\-]{40,60}"),
    "airtable-token": (("pat",), r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    "planetscale-token": (("pscale_",), r"pscale_(?:tkn|pw|oauth)_[\w.\-]{32,64}"),
    "supabase-key": (("sbp_", "sb_secret_"), r"sbp_[0-9a-f]{40}|sb_secret_[\w\-]{20,64}"),
    "netlify-token": (("nfp_",), r"nfp_[A-Za-z0-9]{36,60}"),
    "heroku-key": (("HRKU-",), r"HRKU-[\w\-]{36,80}"),
    "flyio-token": (("fm2_", "fo1_"), r"fm2_[A-Za-z0-9+/=]{60,900}|fo1_[\w\-]{40,60}"),
    "cloudflare-origin-key": (("v1.0-",), r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}"),
    "circleci-token": (("CCIP",), r"CCIP(?:AT|RJ)_[A-Za-z0-9]{20,30}_[0-9a-f]{40}"),
    "buildkite-token": (("bkua_",), r"bkua_[0-9a-f]{40}"),
    "tailscale-key": (("tskey-",), r"tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9\-]{20,80}"),
    "telegram-token": ((":AA",), r"\d{8,10}:AA[\w\-]{33}(?![\w\-])"),
    "alibaba-key": (("LTAI",), r"LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])"),
    "age-key": (("AGE-SECRET-KEY-",), r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    "onepassword-token": (("ops_eyJ",), r"ops_eyJ[\w+/=\-]{60,2000}"),
    "jwt": (("eyJ",), r"(?<![\w\-])eyJ[\w\-]{10,2000}\.eyJ[\w\-]{8,8000}\.[\w\-]{16,1200}"),
}


HINTS = [(hint, kind) for kind, (hints, _) in SHAPES.items() for hint in hints]


@functools.cache
def shape(kind: str) -> re.Pattern[str]:
    """Compiled when a text first has one of its literals: all together would cost a start 30 ms."""
    return re.compile(rf"(?<![A-Za-z0-9])(?:{SHAPES[kind][1]})")


# Connection strings and headers name their secret in a fixed way: the value is group 1.
LABELLED: dict[str, tuple[str, re.Pattern[str]]] = {
    "azure-storage-key": ("AccountKey=", re.compile(r"AccountKey=([A-Za-z0-9+/]{86}==)")),
    "azure-shared-key": ("SharedAccessKey=", re.compile(r"SharedAccessKey=([A-Za-z0-9+/]{43}=)")),
    "azure-sas": ("sig=", re.compile(r"[?&]sig=([A-Za-z0-9%+/]{43,90}(?:%3D|=))")),
    "bearer-token": ("earer ", re.compile(r"\b[Bb]earer ([\w.~+/=\-]{16,2000})")),
    "basic-auth": (
        "asic ",
        re.compile(r"(?i)authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?basic ([A-Za-z0-9+/=]{12,500})"),
    ),
    "docker-auth": ('"auth"', re.compile(r'"auth"\s{0,8}:\s{0,8}"([A-Za-z0-9+/=]{12,4000})"')),
}
