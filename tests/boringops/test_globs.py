"""What a glob matches, alone and among many."""

from __future__ import annotations

import time

import pytest

from boringops.globs import MAX_WAYS, Buckets, expand, glob_regex

MATCHES = [
    # glob, what it must match, what it must not
    ("Dockerfile", "Dockerfile a/b/Dockerfile", "Dockerfile.dev xDockerfile dockerfile"),
    ("/Dockerfile", "Dockerfile", "api/Dockerfile"),
    ("./*.md", "x.md", "a/x.md"),
    ("./a/*.md", "a/x.md", "x.md"),
    ("*.tf", "main.tf infra/a/main.tf .tf", "main.tfvars"),
    ("infra/*.tf", "infra/main.tf", "infra/a/main.tf x/infra/main.tf main.tf"),
    ("terraform/**/*.tf", "terraform/main.tf terraform/a/b/c.tf", "main.tf x/terraform/main.tf terraform/x.md"),
    ("**/*.yml", "a.yml a/b/c.yml .github/workflows/ci.yml", "a.yaml"),
    ("k8s/**", "k8s/a k8s/b/c", "k8s xk8s/a k8sx/a"),
    ("k8s/", "k8s/a k8s/b/c", "k8s x/k8s/a"),
    ("a/**/b/**/c", "a/b/c a/x/b/y/z/c", "a/c"),
    ("a**/b", "a/b ax/b ax/y/b", "ab b"),
    ("docker-compose*.yml", "docker-compose.yml x/docker-compose.prod.yml", "docker-compose/a.yml compose.yml"),
    ("docker-compose*.y?ml", "docker-compose.prod.yaml", "docker-compose.yml"),
    (".github/workflows/*.{yml,yaml}", ".github/workflows/a.yml .github/workflows/a.yaml", "x/.github/workflows/a.yml"),
    ("*.{yml,yaml}", "a.yml x/a.yaml", "a.yamlx a.json"),
    ("{a,b/{c,d}}.tf", "a.tf b/c.tf b/d.tf", "x/a.tf x/b/c.tf b.tf"),
    (".yamllint{,.yml}", ".yamllint x/.yamllint.yml", ".yamllint.yaml"),
    ("a{b}c", "abc", "a{b}c"),
    ("{}", "", "a a/b"),
    ("v?.yml", "v1.yml", "v.yml v10.yml v/.yml"),
    ("v[0-9].[!a-c^]", "v1.d", "v1.a va.d v1.^ v1./"),
    ("[]x].txt", "].txt x.txt", "y.txt"),
    ("[[a].txt", "[.txt a.txt", "b.txt"),
    ("a[.]tf", "a.tf x/a.tf", "axtf"),
    ("[{].txt", "{.txt", "a.txt"),
    ("[", "[", "a"),
    ("a,b+(c)$.txt", "a,b+(c)$.txt", "ab(c).txt"),
    (r"\*.txt", "*.txt", "a.txt"),
    (r"\a.txt", "a.txt", "b.txt"),
]


@pytest.mark.parametrize(("glob", "yes", "no"), MATCHES, ids=[glob for glob, _, _ in MATCHES])
def test_what_a_glob_matches(glob: str, yes: str, no: str) -> None:
    regex, buckets = glob_regex(glob), Buckets([[glob]])
    for path in yes.split():
        assert regex.fullmatch(path), path
        assert buckets.matching(path) == [0], path
    for path in no.split():
        assert not regex.fullmatch(path), path
        assert buckets.matching(path) == [], path


@pytest.mark.parametrize("glob", ["{a,b", "a}", "}{", "[z-a].txt", "{a,b}" * 30, "{" + "a," * MAX_WAYS + "}"])
def test_a_malformed_glob_is_an_error_alone_and_matches_nothing_among_others(glob: str) -> None:
    with pytest.raises(ValueError):
        glob_regex(glob)
    assert Buckets([[glob], ["*.txt"]]).matching("a.txt") == [1]


def test_what_a_glob_stands_for_starts_at_the_root() -> None:
    assert expand("*.{yml,yaml}") == ["**/*.yml", "**/*.yaml"]
    assert expand("./{a,b}/") == ["a/**", "b/**"]


def test_of_many_groups_each_that_matches_is_named_once_in_order() -> None:
    buckets = Buckets([["*.md"], ["Dockerfile", "**/Dockerfile"], ["api/**"], ["*file"]])
    assert buckets.matching("api/Dockerfile") == [1, 2, 3]
    assert buckets.matching("README") == []


def test_no_glob_takes_for_ever() -> None:
    began = time.process_time()
    glob_regex("**/a" * 6 + "*b*c*d").fullmatch("a/" * 40 + "e")
    assert time.process_time() - began < 2
