"""git and the forges' command lines.

The runtime commits: exactly what the run changed, nothing of anyone else's. So whatever moves HEAD, the index or the
stash is `reserved`, and the model is told so.
"""

from __future__ import annotations

from boringops.commands import Program, Rule, Verdict

READ, CHANGE, REACH, DESTROY, RESERVED = (
    Verdict.READ, Verdict.CHANGE, Verdict.REACH, Verdict.DESTROY, Verdict.RESERVED,
)  # fmt: skip

_RUNTIME = "is the runtime's: it commits exactly what the run changed, and keeps what others did"

GIT = Program(
    "git",
    valued="-C --git-dir --work-tree --namespace",
    flags="--no-pager -P --no-replace-objects --bare --literal-pathspecs --no-optional-locks --version --help",
    rules=(
        Rule("--version", READ, "tells its version", match=("git --version",)),
        Rule(
            "status|log|show|diff|shortlog|describe|rev-parse|rev-list|ls-files|ls-tree|cat-file|blame|annotate|"
            "merge-base|name-rev|show-ref|for-each-ref|diff-tree|diff-index|diff-files|whatchanged|cherry|range-diff|"
            "check-ignore|check-attr|count-objects|version|show-branch|check-ref-format|patch-id "
            "!--output|--ext-diff|--textconv|--filters",
            READ,
            "only looks",
            match=("git status", "git -C infra log --oneline -5", "git diff HEAD~1", "git --no-pager show HEAD"),
            not_match=("git log --output=x", "git diff --ext-diff", "git -c alias.status=!sh status", "git log $X"),
        ),
        Rule(
            "grep !-O|--open-files-in-pager|--ext-grep",
            READ,
            "only looks",
            match=("git grep -n TODO",),
            not_match=("git grep -Osh TODO",),
        ),
        Rule(
            "branch|tag $ !-d|-D|-m|-M|-c|-C|-f|-u|-a|-s|-e|-F|--delete|--move|--copy|--force|--set-upstream-to|"
            "--unset-upstream|--edit-description|--track|--annotate|--sign|--edit|--file",
            READ,
            "lists",
            match=("git branch", "git branch -vv", "git branch --show-current", "git tag -l"),
            not_match=("git branch x", "git branch -D x", "git tag v1", "git tag -d v1"),
        ),
        Rule("branch -a|--all|-r|--remotes $ !-d|-D|-m|-M|-f|--delete", READ, "lists", match=("git branch -a",)),
        Rule(
            "branch|tag -l|--list|--contains|--merged|--no-merged|--points-at "
            "!-d|-D|-m|-M|-f|--delete|--move|--force",
            READ,
            "lists",
            match=("git branch --list feat/*", "git tag -l v1*", "git branch --contains HEAD"),
        ),
        Rule("stash list|show", READ, "only looks", match=("git stash list", "git stash show -p")),
        Rule("remote $ !-f", READ, "lists remotes", match=("git remote", "git remote -v")),
        Rule("remote get-url", READ, "shows a remote", match=("git remote get-url origin",)),
        Rule("worktree|submodule|notes|bisect|sparse-checkout list|status|show|log|summary", READ, "only looks",
             match=("git worktree list", "git submodule status")),
        Rule("reflog $", READ, "only looks", match=("git reflog",)),
        Rule("reflog show|list|exists", READ, "only looks", match=("git reflog show HEAD",)),
        Rule(
            "config --get|--get-all|--get-regexp|--list|-l|--show-origin "
            "!--add|--unset|--unset-all|--replace-all|-e|--edit|--rename-section|--remove-section",
            READ,
            "reads configuration",
            match=("git config --get user.name", "git config --list"),
            not_match=("git config user.name x", "git config --edit"),
        ),
        Rule("config get|list", READ, "reads configuration", match=("git config get user.name",)),
        Rule("fetch|ls-remote !-p|--prune|--upload-pack|--force|-f|+*|ext::*|*:*:*", REACH, "talks to a remote",
             match=("git fetch origin", "git ls-remote"), not_match=("git fetch --prune", "git fetch --upload-pack=x")),
        Rule("clone !-c|--config|-u|--upload-pack|--template|ext::*", REACH, "copies a repository",
             match=("git clone https://example.com/x.git",), not_match=("git clone -c core.x=y u",)),
        Rule("remote show|update", REACH, "talks to a remote", match=("git remote show origin",)),
        Rule("submodule init|update|sync", REACH, "talks to a remote", match=("git submodule update --init",)),
        Rule("archive !--exec|--remote", CHANGE, "writes an archive", match=("git archive -o x.tar HEAD",)),
        Rule(
            "push !-f|--force|--force-with-lease|--force-if-includes|-d|--delete|--mirror|--prune|--receive-pack|"
            "--exec|+*|:*|*:",
            REACH,
            "publishes commits",
            match=("git push", "git push origin main", "git push -u origin HEAD"),
            not_match=("git push -f", "git push origin +main", "git push origin :main", "git push --force-with-l"),
        ),
        Rule("push", DESTROY, "rewrites or deletes what others see on the remote",
             match=("git push --force", "git push origin --delete x", "git push origin :x")),
        Rule("reset --hard|--merge|--keep", DESTROY, "throws away work that is not committed",
             match=("git reset --hard HEAD~1",)),
        Rule("clean !-n|--dry-run", DESTROY, "deletes files git does not know", match=("git clean -fdx",),
             not_match=("git clean -n",)),
        Rule("clean -n|--dry-run !-f|--force", READ, "shows what would be deleted", match=("git clean -n",)),
        Rule("clean", DESTROY, "deletes files git does not know", match=("git clean -nf",)),
        Rule("checkout --", DESTROY, "overwrites files with what was committed", match=("git checkout -- a.py",)),
        Rule("restore --staged !--worktree|-W|-S", RESERVED, _RUNTIME, match=("git restore --staged a",),
             not_match=("git restore --staged --worktree a",)),
        Rule("restore|checkout-index", DESTROY, "overwrites files with what was committed",
             match=("git restore .", "git checkout-index -a")),
        Rule("checkout|switch !-f|--force|--discard-changes|-B|-C|--|.|*.*|*/*", RESERVED, _RUNTIME,
             match=("git checkout main", "git switch -c feat"), not_match=("git checkout .", "git checkout -f main")),
        Rule("checkout|switch", DESTROY, "may overwrite work that is not committed",
             match=("git checkout .", "git checkout src/app.py", "git switch -f main")),
        Rule("branch -D|-d|--delete|-M|-f|--force", DESTROY, "deletes or moves a branch", match=("git branch -D x",)),
        Rule("tag -d|--delete|-f|--force", DESTROY, "deletes or moves a tag", match=("git tag -d v1",)),
        Rule("stash drop|clear", DESTROY, "throws away stashed work", match=("git stash drop",)),
        Rule("worktree remove|prune", DESTROY, "deletes a work tree", match=("git worktree remove x",)),
        Rule("filter-branch|filter-repo|gc|prune|reflog|update-ref|symbolic-ref|replace|repack|prune-packed", DESTROY,
             "rewrites history or what is needed to get it back",
             match=("git filter-branch x", "git gc --prune=now", "git reflog expire --all", "git update-ref HEAD x")),
        Rule("config|remote|submodule|credential|hook|lfs|maintenance|sparse-checkout|worktree|init|bisect|notes",
             DESTROY, "changes how git works here for everyone",
             match=("git config user.name x", "git remote add x y", "git init")),
        Rule("commit|add|rm|mv|reset|merge|rebase|cherry-pick|revert|pull|am|apply|stash|tag|branch|update-index|"
             "read-tree|write-tree|commit-tree|hash-object|mktag|mktree|fast-import|bundle|format-patch|mergetool|"
             "rerere|request-pull|send-email", RESERVED, _RUNTIME,
             match=("git commit -m x", "git add .", "git merge x", "git pull", "git stash", "git tag v1",
                    "git branch x", "git reset HEAD a", "git rebase main")),
    ),
)  # fmt: skip

PROGRAMS = (
    GIT,
    Program(
        "gh",
        valued="-R --repo",
        rules=(
            Rule("--version", READ, "tells its version", match=("gh --version",)),
            Rule("auth status", READ, "shows who is signed in", match=("gh auth status",)),
            Rule("auth|secret|variable|ssh-key|gpg-key|config|alias|extension", DESTROY,
                 "changes credentials or settings", match=("gh auth token", "gh secret set X", "gh alias set x y")),
            Rule("* delete|archive|rename|transfer|disable|remove|unlock|merge", DESTROY,
                 "changes what others rely on", match=("gh repo delete x", "gh pr merge 3")),
            Rule("api !-X|--method|-f|-F|--field|--raw-field|--input|graphql", REACH, "asks the forge",
                 match=("gh api repos/a/b",), not_match=("gh api -X DELETE repos/a/b",)),
            Rule("api", DESTROY, "changes the forge", match=("gh api -X DELETE repos/a/b",)),
            Rule("browse|codespace|copilot", Verdict.UNKNOWN, "starts something else", match=("gh browse",)),
            Rule("*", REACH, "talks to the forge", match=("gh pr list", "gh run view 1", "gh pr create --fill")),
        ),
    ),
    Program(
        "glab",
        rules=(
            Rule("auth|variable|config|alias|token|ssh-key", DESTROY, "changes credentials or settings",
                 match=("glab auth login",)),
            Rule("* delete|merge|close|cancel|transfer|archive", DESTROY, "changes what others rely on",
                 match=("glab mr merge 3",)),
            Rule("ci|mr|issue|repo|release|pipeline list|view|status|lint|get|trace|diff", REACH, "asks the forge",
                 match=("glab ci status",)),
        ),
    ),
)  # fmt: skip
