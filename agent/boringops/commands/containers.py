"""Container engines, Kubernetes and what deploys to it. The engine and the cluster are outside the work tree."""

from __future__ import annotations

from boringops.commands import Program, Rule, Verdict

READ, CHANGE, REACH, DESTROY, UNKNOWN = (
    Verdict.READ, Verdict.CHANGE, Verdict.REACH, Verdict.DESTROY, Verdict.UNKNOWN,
)  # fmt: skip

_COMPOSE_VALUED = "-f --file -p --project-name --profile --env-file --project-directory --progress --ansi --parallel"


def _compose(prefix: str, example: str) -> tuple[Rule, ...]:
    """Compose as a plugin (`docker compose`) and as a program of its own have the same subcommands."""

    def pattern(rest: str) -> str:
        return f"{prefix} {rest}".strip()

    return (
        Rule(
            pattern("config|convert|version !-o|--output|--resolve-image-digests|--lock-image-digests"),
            READ,
            "only looks",
            match=(f"{example} config", f"{example} -f a.yml config --quiet"),
            not_match=(f"{example} config -o x",),
        ),
        Rule(pattern("config|convert"), REACH, "resolves images", match=(f"{example} config --lock-image-digests",)),
        Rule(
            pattern("ps|ls|images|logs|top|events|port|stats|volumes"),
            REACH,
            "asks the engine",
            match=(f"{example} ps", f"{example} logs -f web"),
        ),
        Rule(
            pattern("down !-v|--volumes|--rmi"),
            REACH,
            "stops containers",
            match=(f"{example} down",),
            not_match=(f"{example} down -v",),
        ),
        Rule(
            pattern("up|create|run !-V|--renew-anon-volumes"),
            REACH,
            "starts containers",
            match=(f"{example} up -d", f"{example} run web ls"),
        ),
        Rule(
            pattern("build|pull|start|stop|restart|pause|unpause|scale|wait|watch|cp"),
            REACH,
            "drives the engine",
            match=(f"{example} build", f"{example} pull"),
        ),
        Rule(pattern("push|publish"), DESTROY, "publishes images others may run", match=(f"{example} push",)),
        Rule(
            pattern("rm|down|kill|up|create|run"),
            DESTROY,
            "deletes containers or their data",
            match=(f"{example} down -v", f"{example} rm -f", f"{example} kill"),
        ),
        Rule(pattern("exec|attach"), UNKNOWN, "runs a command inside a container", match=(f"{example} exec web ls",)),
    )


PROGRAMS = (
    Program(
        "docker podman nerdctl",
        valued=f"-c --context -H --host --config -l --log-level --connection {_COMPOSE_VALUED}",
        flags="-v --version -D --debug",
        rules=(
            Rule("$", READ, "tells its version", match=("docker --version",)),
            *_compose("compose", "docker compose"),
            Rule("ps|images|logs|inspect|info|version|top|port|stats|events|history|diff|search", REACH,
                 "asks the engine", match=("docker ps -a", "docker inspect web")),
            Rule("image|container|volume|network|context|manifest|buildx|builder|system|plugin|node|service|stack|"
                 "secret|config|swarm|pod|machine ls|list|inspect|history|ps|logs|df|info|top|stats|events|show|du",
                 REACH, "asks the engine", match=("docker image ls", "docker system df", "docker volume inspect v")),
            Rule("build|pull|create|start|stop|restart|pause|unpause|tag|wait|rename|save|export|load|import|commit|cp|"
                 "scout|sbom|init !--push", REACH, "drives the engine",
                 match=("docker build -t x .", "docker pull alpine:3.20"), not_match=("docker build --push .",)),
            Rule("run !-v|--volume|--mount|--privileged|--pid|--cap-add|--device|--volumes-from|--security-opt|"
                 "--userns|"
                 "--ipc|--net|--network", REACH, "runs a container",
                 match=("docker run --rm alpine ls",), not_match=("docker run -v /:/host alpine",)),
            Rule("buildx build|bake|create|use|imagetools !--push|--output|-o", REACH, "drives the engine",
                 match=("docker buildx build .",), not_match=("docker buildx build --push .",)),
            Rule("image|container|volume|network|context|manifest|builder build|pull|create|start|stop|restart|tag|"
                 "connect|disconnect|save|export|use|annotate", REACH, "drives the engine",
                 match=("docker volume create v", "docker image pull x")),
            Rule("push|login|logout", DESTROY, "publishes images or changes credentials",
                 match=("docker push x", "docker login")),
            Rule("build|buildx|image|manifest build|bake|push|*", DESTROY, "publishes or deletes images",
                 match=("docker buildx build --push .", "docker image prune")),
            Rule("build|rm|rmi|kill|swarm|service|stack|secret|config|volume|network|container|system|builder|"
                 "context|plugin|node|update|pod|machine|unshare|play|kube", DESTROY,
                 "deletes or changes what runs there",
                 match=("docker rm -f x", "docker system prune", "docker volume rm v", "docker stack deploy x")),
            Rule("run|exec|attach", UNKNOWN, "runs a command with access to more than the container",
                 match=("docker exec web ls", "docker run -v /:/host alpine")),
        ),
    ),
    Program("docker-compose podman-compose", valued=_COMPOSE_VALUED, flags="--verbose",
            rules=_compose("", "docker-compose")),
    Program("skopeo crane regctl dive",
            (Rule("inspect|list-tags|manifest|digest|ls|config|validate|version|catalog", REACH, "asks a registry",
                  match=("skopeo inspect docker://x", "crane digest alpine")),
             Rule("copy|push|delete|sync|tag|append|mutate|rebase|auth|login|logout", DESTROY,
                  "publishes or deletes images", match=("crane push x y",)))),
    Program("trivy grype syft snyk checkov kubesec kube-score kube-linter polaris",
            (Rule("", REACH, "may fetch a database", match=("trivy config .",)),)),
    Program("cosign", (Rule("verify|verify-attestation|tree|triangulate|version", REACH, "asks a registry",
                            match=("cosign verify x",)),
                       Rule("*", DESTROY, "signs or publishes", match=("cosign sign x",)))),
    Program(
        "kubectl oc k",
        valued="-n --namespace --context --cluster --kubeconfig -s --server --request-timeout --user --as --as-group "
        "-v --v --token --cache-dir --certificate-authority --client-certificate --client-key",
        flags="-A --all-namespaces --insecure-skip-tls-verify --warnings-as-errors",
        rules=(
            Rule("version --client", READ, "tells its version", match=("kubectl version --client",)),
            Rule("kustomize !-o|--output|--enable-helm|--enable-exec|--enable-alpha-plugins|http*|git*|ssh*|-e", READ,
                 "renders manifests", match=("kubectl kustomize k8s/base",),
                 not_match=("kubectl kustomize https://x", "kubectl kustomize --enable-helm x")),
            Rule("config view|get-contexts|current-context|get-clusters|get-users !--raw", READ,
                 "shows which clusters are known", match=("kubectl config current-context",),
                 not_match=("kubectl config view --raw", "kubectl config use-context prod")),
            Rule("completion|explain|options|help", REACH, "asks the cluster", match=("kubectl explain pod",)),
            Rule("get secret*|*,secret* -o*|--output*|--template*", DESTROY, "opens secrets",
                 match=("kubectl get secret x -o yaml", "kubectl get secrets -n x -oyaml"),
                 not_match=("kubectl get secret x", "kubectl get pods -o yaml")),
            Rule("get|describe|logs|top|version|cluster-info|api-resources|api-versions|events|wait|diff|options",
                 REACH, "asks the cluster",
                      match=("kubectl get pods -n x", "kubectl diff -f k8s", "kubectl -n x logs p"),
                 not_match=("kubectl delete pod x", "kubectl --odd get delete pods")),
            Rule("rollout status|history", REACH, "asks the cluster", match=("kubectl rollout status deploy/x",)),
            Rule("auth can-i|whoami", REACH, "asks the cluster", match=("kubectl auth can-i get pods",)),
            Rule("apply|create|run|expose|replace|patch|set|label|annotate|delete|scale --dry-run=client|"
                 "--dry-run=server",
                 REACH, "asks the cluster what it would do",
                 match=("kubectl apply -f k8s --dry-run=server", "kubectl create deploy x --image=y --dry-run=client"),
                 not_match=("kubectl apply -f k8s", "kubectl apply -f k8s --dry-run=none")),
            Rule("port-forward|proxy", REACH, "opens a way into the cluster", match=("kubectl port-forward x 1:2",)),
            Rule("exec|attach|debug|cp|plugin", UNKNOWN, "runs a command inside the cluster",
                 match=("kubectl exec p -- ls", "kubectl cp p:/a b")),
            Rule("*", DESTROY, "changes the cluster or which one is used",
                 match=("kubectl apply -f k8s", "kubectl delete ns x", "kubectl config use-context prod",
                        "kubectl scale deploy/x --replicas=0", "kubectl drain n", "kubectl rollout undo deploy/x")),
        ),
    ),
    Program(
        "helm",
        valued="-n --namespace --kube-context --kubeconfig --registry-config --repository-cache --repository-config",
        flags="--debug",
        rules=(
            Rule("lint|version|env|help !--kube-version-from-cluster", READ, "only looks",
                 match=("helm lint charts/x", "helm version")),
            Rule("template !--post-renderer|--output-dir|--validate|--repo|--dependency-update|http*|oci:*|"
                 "--is-upgrade|"
                 "--enable-dns", READ, "renders manifests", match=("helm template x charts/x -f v.yaml",),
                 not_match=("helm template x charts/x --output-dir out", "helm template x c --post-renderer ./p")),
            Rule("template !--post-renderer", REACH, "renders manifests from elsewhere",
                 match=("helm template x oci://r/c",)),
            Rule("create|package !--sign|-u|--dependency-update|-p|--starter", CHANGE, "writes files",
                 match=("helm create x", "helm package charts/x")),
            Rule("list|ls|status|history|get|search|show|inspect|pull|fetch", REACH, "asks the cluster or a registry",
                 match=("helm list -n x", "helm get values x", "helm pull oci://r/c")),
            Rule("dependency|dep list|build|update", REACH, "fetches charts",
                 match=("helm dependency build charts/x",)),
            Rule("repo list|add|update|index", REACH, "fetches chart lists", match=("helm repo add x https://y",)),
            Rule("install|upgrade --dry-run|--dry-run=client|--dry-run=server !--post-renderer", REACH,
                 "asks the cluster what it would do", match=("helm upgrade x c --dry-run=server",),
                 not_match=("helm upgrade x c", "helm install x c --dry-run=none")),
            Rule("diff", REACH, "asks the cluster", match=("helm diff upgrade x c",)),
            Rule("*", DESTROY, "changes the cluster or a registry",
                 match=("helm install x c", "helm uninstall x", "helm rollback x 1", "helm push x oci://y")),
        ),
    ),
    Program(
        "kustomize",
        (
            Rule("build !-o|--output|--enable-helm|--enable-exec|--enable-alpha-plugins|--enable-star|http*|git*|"
                 "ssh*|-e",
                 READ, "renders manifests", match=("kustomize build k8s/base",),
                 not_match=("kustomize build -o x k8s", "kustomize build https://x")),
            Rule("version", READ, "tells its version", match=("kustomize version",)),
            Rule("edit|create", CHANGE, "rewrites kustomization files", match=("kustomize edit set image a=b",)),
            Rule("build !--enable-exec|--enable-alpha-plugins|--enable-star", REACH, "renders manifests from elsewhere",
                 match=("kustomize build --enable-helm x",)),
        ),
    ),
    Program("kind minikube k3d k3s",
            (Rule("version|status|get|list|profile", REACH, "asks the engine", match=("kind get clusters",)),
             Rule("create|start|load|image|build|export", REACH, "starts a local cluster",
                  match=("kind create cluster",)),
             Rule("*", DESTROY, "deletes a cluster", match=("kind delete cluster",)))),
    Program("argocd flux istioctl linkerd velero",
            (Rule("version --client", READ, "tells its version", match=("argocd version --client",)),
             Rule("get|list|version|check|logs|tree|analyze|diff|stat|describe|trace|proxy-status", REACH,
                  "asks the cluster", match=("flux get all", "flux logs")),
             Rule("app|cluster|repo|proj|backup|schedule|restore get|list|diff|history|manifests|logs|describe", REACH,
                  "asks the cluster", match=("argocd app get x",)),
             Rule("*", DESTROY, "changes the cluster", match=("argocd app sync x", "flux reconcile x")))),
    Program("helmfile skaffold",
            (Rule("lint|version|list|template|diff|diagnose|render|build|fetch|deps|status", REACH,
                  "renders, builds or asks", match=("helmfile diff",)),
             Rule("*", DESTROY, "changes the cluster", match=("helmfile apply", "skaffold run")))),
)  # fmt: skip
