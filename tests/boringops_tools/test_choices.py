"""What people decided, read out of plain words."""

from __future__ import annotations

import pytest

from boringops_tools.blueprints.choices import Choices, read


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Deploy to AWS ECS in eu-central-1 with Terraform, canary",
            Choices(target="ecs", tool="terraform", strategy="canary", regions=["eu-central-1"]),
        ),
        ("RTO 4 hours, RPO 1 hour, 200 dollars a month", Choices(rto_minutes=240, rpo_minutes=60, budget_usd=200)),
        (
            "How long may the service be down (RTO)?\n4h\n\nHow much data may be lost (RPO)?\n15 minutes\n\nWhat may it cost?\n$1,300",
            Choices(rto_minutes=240, rpo_minutes=15, budget_usd=1300),
        ),
        ("RPO: none; RTO = 30 min", Choices(rto_minutes=30, rpo_minutes=0)),
        ("add a Helm chart", Choices(target="kubernetes", tool="helm")),
        ("Pulumi in TypeScript on Azure, westeurope first, then northeurope", Choices(
            target="container-apps", tool="pulumi-typescript", regions=["westeurope", "northeurope"])),
        ("We are under HIPAA and SOC2", Choices(standards=["HIPAA", "SOC 2"])),
        ("Containerise this application", Choices()),
    ],
)  # fmt: skip
def test_decisions_are_read_and_nothing_is_made_up(said: str, expected: Choices) -> None:
    assert read(said) == expected
