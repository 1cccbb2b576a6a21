"""Package managers. What fetches from a registry reaches out; what publishes or removes is for people."""

from __future__ import annotations

from boringops.commands import Program, Rule, Verdict

READ, CHANGE, REACH, DESTROY = Verdict.READ, Verdict.CHANGE, Verdict.REACH, Verdict.DESTROY

_FETCHES = "fetches packages, whose code may run"
_RUNS = "runs code of the work tree"
_PUBLISHES = "publishes, or changes credentials"

PROGRAMS = (
    Program(
        "npm pnpm yarn bun",
        valued="-C --dir --prefix --cwd -w --workspace --filter -F",
        flags="-r --recursive -s --silent --version -v -ws --workspaces",
        rules=(
            Rule("$ --version|-v", READ, "tells its version", match=("npm --version", "yarn -v")),
            Rule("ls|list|ll|root|prefix|bin|explain|why|help", READ, "only looks", match=("npm ls", "pnpm why x")),
            Rule("config|pkg get|list", READ, "shows settings", match=("npm pkg get version",)),
            Rule("audit $ !--fix", REACH, "asks the registry", match=("npm audit --omit=dev",)),
            Rule("view|info|show|outdated|search|ping|doctor|audit|whoami|dist-tag", REACH, "asks the registry",
                 match=("npm view x version", "npm outdated", "npm audit fix")),
            Rule("run|run-script|test|t|start|stop|restart|build|lint|workspaces|workspace|pack|version|rebuild|pm|pkg|"
                 "set-script|dev|format|typecheck|check !--script-shell|--registry", CHANGE, _RUNS,
                 match=("npm test", "npm run build", "yarn build", "bun test", "pnpm -r test")),
            Rule("publish|unpublish|deprecate|login|logout|adduser|token|owner|access|team|org|hook|profile|config|"
                 "star|trust", DESTROY, _PUBLISHES, match=("npm publish", "npm token list", "npm config set x y")),
            Rule("install|i|ci|add|remove|rm|uninstall|un|update|up|upgrade|dedupe|prune|link|unlink|import|fetch|init|"
                 "create|exec|x|dlx|cache|store|set|self-update|shrinkwrap|approve-builds|patch", REACH, _FETCHES,
                 match=("npm ci", "npm install x", "pnpm add x", "yarn add x", "yarn dlx x", "bun add x")),
            Rule("$", REACH, _FETCHES, match=("yarn",)),
        ),
    ),
    Program("npx bunx pnpx uvx pipx corepack", (Rule("", REACH, _FETCHES, match=("npx x", "uvx ruff")),)),
    Program(
        "pip pip3",
        flags="--version -q --quiet --disable-pip-version-check --no-input",
        rules=(
            Rule("$", READ, "tells its version", match=("pip --version",)),
            Rule("list|show|freeze|check|inspect|debug|help !-o|--outdated|--uptodate|--log", READ, "only looks",
                 match=("pip list", "pip freeze"), not_match=("pip list --outdated",)),
            Rule("config|cache", DESTROY, "changes settings or shared files", match=("pip config set a b",)),
            Rule("*", REACH, _FETCHES, match=("pip install x", "pip list --outdated", "pip download x")),
        ),
    ),
    Program(
        "uv",
        valued="--directory --project",
        flags="--version -q --quiet --offline --no-progress",
        rules=(
            Rule("$", READ, "tells its version", match=("uv --version",)),
            Rule("tree|version", READ, "only looks", match=("uv tree",)),
            Rule("pip list|show|freeze|check|tree", READ, "only looks", match=("uv pip list",)),
            Rule("publish|auth", DESTROY, _PUBLISHES, match=("uv publish",)),
            Rule("*", REACH, _FETCHES, match=("uv sync", "uv pip install x", "uv add x", "uv lock")),
        ),
    ),
    Program(
        "poetry pipenv pdm hatch conda mamba",
        valued="-C --directory -P --project",
        flags="--version -q --quiet -n --no-interaction",
        rules=(
            Rule("$", READ, "tells its version", match=("poetry --version",)),
            Rule("show|check|list|graph !--latest|-l|--outdated|-o", READ, "only looks",
                 match=("poetry show --tree", "poetry check"), not_match=("poetry show --outdated",)),
            Rule("publish|config|login|keyring", DESTROY, _PUBLISHES, match=("poetry publish", "poetry config x y")),
            Rule("run|shell|build|fmt|test", CHANGE, _RUNS, match=("poetry build",)),
            Rule("*", REACH, _FETCHES, match=("poetry install", "poetry add x")),
        ),
    ),
    Program("twine semantic-release", (Rule("check", READ, "only looks", match=("twine check dist/x",)),
                                                Rule("", DESTROY, _PUBLISHES, match=("twine upload dist/x",)))),
    Program(
        "go",
        valued="-C",
        rules=(
            Rule("version|list|doc|env|help !-w|-u|-m|-toolexec|-mod|-modfile|-exec|-o|-overlay", READ, "only looks",
                 match=("go version", "go env GOPATH"), not_match=("go env -w GOFLAGS=x", "go list -toolexec sh")),
            Rule("run *@*", REACH, _FETCHES, match=("go run example.com/x@latest",)),
            Rule("vet|build|test|run|generate|fmt|tool|fix|clean|work|list|doc !-toolexec|-exec|-overlay|-vettool",
                 CHANGE, _RUNS, match=("go build ./...", "go test ./..."), not_match=("go test -exec sh ./...",)),
            Rule("get|install|mod", REACH, _FETCHES, match=("go mod tidy", "go get x", "go install x@latest")),
            Rule("env", DESTROY, "changes go's settings for this user", match=("go env -w GOFLAGS=x",)),
        ),
    ),
    Program("gofmt gofumpt goimports",
            (Rule("!-w", READ, "prints", match=("gofmt -l .",), not_match=("gofmt -w .",)),
             Rule("", CHANGE, "rewrites files", match=("gofmt -w .",)))),
    Program("golangci-lint", (Rule("", CHANGE, _RUNS, match=("golangci-lint run",)),)),
    Program(
        "cargo",
        flags="--version -V -q --quiet --locked --offline --frozen",
        rules=(
            Rule("$", READ, "tells its version", match=("cargo --version",)),
            Rule("tree|metadata|version|locate-project|pkgid|verify-project", READ, "only looks",
                 match=("cargo tree",)),
            Rule("build|b|check|c|test|t|run|r|bench|clippy|fmt|doc|clean|new|init|fix|package", CHANGE, _RUNS,
                 match=("cargo build --release", "cargo test", "cargo clippy")),
            Rule("publish|yank|owner|login|logout", DESTROY, _PUBLISHES, match=("cargo publish",)),
            Rule("add|remove|rm|update|fetch|install|uninstall|search|info|audit|deny|outdated|vendor", REACH, _FETCHES,
                 match=("cargo add x", "cargo install x")),
        ),
    ),
    Program("gem bundle composer",
            (Rule("list|show|info|check|outdated|validate|environment|--version|licenses", READ, "only looks",
                  match=("bundle list", "composer validate")),
             Rule("push|yank|owner|signin|signout|config", DESTROY, _PUBLISHES, match=("gem push x",)),
             Rule("", REACH, _FETCHES, match=("bundle install", "gem install x", "composer update")))),
    Program("dpkg dpkg-query rpm",
            (Rule("-l|-L|-s|-S|-W|-q|-qa|-ql|-qi|--list|--listfiles|--search|--show|--version "
                  "!-i|-r|-P|-U|-e|-F|--install|--remove|--purge|--unpack|--configure|--import", READ, "only looks",
                  match=("dpkg -l", "dpkg-query -W x", "rpm -qa"), not_match=("dpkg -i x.deb",)),
             Rule("!-r|-P|-e|--remove|--purge|--erase", REACH, "installs software on this machine",
                  match=("dpkg -i x.deb",)),
             Rule("", DESTROY, "removes software from this machine", match=("dpkg -r x",)))),
    Program("pre-commit lefthook", (Rule("", REACH, "fetches hooks and runs them", match=("pre-commit run -a",)),)),
    Program(
        "apt apt-get apt-cache yum dnf apk brew pacman zypper snap port choco winget",
        (
            Rule("list|show|search|policy|info|depends|rdepends|madison|showpkg", READ, "only looks",
                 match=("apt list --installed", "apt-cache policy x")),
            Rule("remove|purge|autoremove|uninstall|erase|del|dist-upgrade|full-upgrade", DESTROY,
                 "removes software from this machine", match=("apt-get remove x", "brew uninstall x", "apk del x")),
            Rule("", REACH, "installs software on this machine", match=("apt-get install -y x", "apk add x")),
        ),
        flags="-y -q -qq --yes --no-cache",
    ),
)  # fmt: skip
