"""Which rules look at a file: asked once for all rules that ask the same."""

from collections.abc import Callable
from dataclasses import dataclass

from boringops_tools.applying import Applying


@dataclass(frozen=True)
class Chosen:
    name: str
    applies: Callable[[str], bool]


def test_rules_come_in_their_order_and_a_question_is_asked_once() -> None:
    asked: list[str] = []

    def is_yaml(path: str) -> bool:
        asked.append(path)
        return path.endswith(".yaml")

    rules = [Chosen("a", is_yaml), Chosen("b", lambda path: "k8s" in path), Chosen("c", is_yaml)]
    applying = Applying(rules)

    assert [rule.name for rule in applying.to("k8s/app.yaml")] == ["a", "b", "c"]
    assert [rule.name for rule in applying.to("app.yaml")] == ["a", "c"]
    assert applying.to("main.py") == []
    assert asked == ["k8s/app.yaml", "app.yaml", "main.py"]
