"""Normal work is not in the way."""

from __future__ import annotations

import pytest

from boringops.shell import Verdict, analyse
from tests.security.ordinary import ORDINARY, decision

# What only looks at the work tree and the machine: asking about one of these would be in the way.
HARMLESS = """
ls -la infra; cat Dockerfile; head -50 docker-compose.yml; find . -name Dockerfile; rg -n healthz src; wc -l infra/*.tf
git status; git log --oneline -20; git diff; git show HEAD:Dockerfile; git branch --show-current; git blame infra/main.tf
git check-ignore -v .env; git config --get remote.origin.url; git grep -n DATABASE_URL; git ls-files '*.tf'
jq -r '.dependencies | keys[]' package.json
terraform validate; terraform fmt -check -recursive; terraform output; terraform show -json tfplan; tofu validate; tflint
kubectl kustomize overlays/prod; kubectl config current-context; kustomize build overlays/prod; helm lint charts/web
helm template web charts/web; docker compose config; hadolint Dockerfile; shellcheck deploy.sh; yamllint .; actionlint
ansible-playbook site.yml --syntax-check; ansible-lint; npm ls --depth=0; pip list; pip freeze; go list ./...; bash -n deploy.sh
ps aux | grep node; df -h; free -m; date -u +%FT%TZ; systemctl status nginx; journalctl -u nginx --since today
sort a | uniq -c | sort -rn | head; awk '{print $2}' a.txt; sed -n '1,40p' Dockerfile; env | sort; crontab -l; nginx -t
openssl x509 -in cert.pem -noout -text; promtool check rules rules.yml; cd infra && terraform validate; tar -tzf app.tgz
"""
# What changes the work tree alone, or runs its code: it runs once the plan is approved.
WORK = """
npm test; npm run build; npm run lint; yarn build; pnpm -r test; python -m pytest; pytest -q; ruff check .; mypy src; make
make build VERSION=1; just test; go build ./...; go test ./...; cargo build --release; cargo clippy; mvn test; ./gradlew build
dotnet test; mix test; terraform fmt; mkdir -p infra/modules; touch infra/main.tf; rm -rf node_modules; chmod +x scripts/deploy.sh
sed -i 's/3.12/3.13/' Dockerfile; echo "FROM alpine" > Dockerfile; sh scripts/test.sh; NODE_ENV=test npm test; time make test
timeout 60 npm test; python manage.py check; bundle exec rspec; helm package charts/web; tar czf app.tgz src; ln -s shared/config config
"""


def each(text: str) -> list[str]:
    return [command.strip() for line in text.strip().splitlines() for command in line.split("; ") if command.strip()]


def test_the_set_is_worth_its_name() -> None:
    assert len(ORDINARY) >= 300
    assert len(set(ORDINARY)) == len(ORDINARY)
    assert set(each(HARMLESS)) | set(each(WORK)) <= set(ORDINARY)


@pytest.mark.parametrize("command", each(HARMLESS))
def test_what_only_looks_runs_in_every_phase(command: str) -> None:
    assert (decision(command, "plan"), decision(command, "act", person=False)) == ("allow", "allow")


@pytest.mark.parametrize("command", each(WORK))
def test_what_works_on_the_tree_runs_once_the_plan_is_approved(command: str) -> None:
    assert (decision(command, "plan"), decision(command, "act", person=False)) == ("deny", "allow")


def test_with_a_person_only_the_runtimes_own_work_is_refused() -> None:
    refused = {command for command in ORDINARY if decision(command, "act") == "deny"}
    verdicts = {command: analyse(command).verdict for command in refused}
    assert {command for command, verdict in verdicts.items() if verdict is not Verdict.RESERVED} == set()
