"""The clouds' command lines. Their verbs are regular, so a verb list covers their thousands of operations."""

from __future__ import annotations

from boringops.commands import Program, Rule, Verdict

READ, CHANGE, REACH, DESTROY = Verdict.READ, Verdict.CHANGE, Verdict.REACH, Verdict.DESTROY

_SECRETS = "opens secrets or changes credentials"
_CHANGES = "changes what runs in the cloud, or what it costs"

PROGRAMS = (
    Program(
        "aws",
        valued="--region --profile --output --query --endpoint-url --color --cli-read-timeout --cli-connect-timeout "
        "--ca-bundle --cli-binary-format",
        flags="--no-cli-pager --debug --no-paginate --no-sign-request --no-verify-ssl --version",
        rules=(
            Rule("$", READ, "tells its version", match=("aws --version",)),
            Rule("configure list|list-profiles", READ, "shows settings", match=("aws configure list",)),
            Rule("secretsmanager|ssm get-secret-value|batch-get-secret-value|get-parameter*|get-random-password",
                 DESTROY,
                 _SECRETS,
                      match=("aws secretsmanager get-secret-value --secret-id x", "aws ssm get-parameter --name x")),
            Rule("sts|ecr|iam|eks|codeartifact|rds|ec2 assume-role*|get-session-token|get-federation-token|get-login*|"
                 "get-token|get-authorization-token|generate-*|create-access-key|get-password-data", DESTROY, _SECRETS,
                 match=("aws sts assume-role --role-arn x", "aws ecr get-login-password")),
            Rule("s3 ls|presign", REACH, "asks the cloud", match=("aws s3 ls s3://x",)),
            Rule("cloudformation|logs|ecs|ec2|eks|deploy wait|tail|validate-template|estimate-*", REACH,
                 "asks the cloud", match=("aws cloudformation validate-template --template-body x", "aws logs tail x")),
            Rule("* describe-*|list-*|get-*|lookup-*|search-*|batch-get-*|head-*|filter-*|scan|query|simulate-*|wait",
                 REACH, "asks the cloud",
                      match=("aws ec2 describe-instances", "aws --region x sts get-caller-identity"),
                 not_match=("aws ec2 terminate-instances --instance-ids i", "aws --odd ec2 describe-instances x")),
            Rule("*", DESTROY, _CHANGES, match=("aws s3 rm s3://x --recursive", "aws iam create-user --user-name x",
                                                "aws configure set x y", "aws s3 sync . s3://x")),
        ),
    ),
    Program(
        "gcloud",
        valued="--project --account --format --region --zone --verbosity --configuration --billing-project",
        flags="--quiet -q --version alpha beta",
        rules=(
            Rule("version|info|help|--version", READ, "tells its version", match=("gcloud version",)),
            Rule("config list|get-value|get|configurations", READ, "shows settings",
                 match=("gcloud config list",)),
            Rule("auth list", READ, "shows who is signed in", match=("gcloud auth list",)),
            Rule("auth|secrets|kms|iam|config", DESTROY, _SECRETS,
                 match=("gcloud auth print-access-token", "gcloud secrets versions access 1", "gcloud config set x y")),
            Rule("* list|describe|get|read|search|get-iam-policy|lookup", REACH, "asks the cloud",
                 match=("gcloud projects list",)),
            Rule("* * list|describe|get|read|search|get-iam-policy|get-serial-port-output", REACH, "asks the cloud",
                 match=("gcloud compute instances list", "gcloud --project x run services describe y"),
                 not_match=("gcloud compute instances delete x",)),
            Rule("* * * list|describe|get|read|search", REACH, "asks the cloud",
                 match=("gcloud container node-pools operations list",)),
            Rule("*", DESTROY, _CHANGES, match=("gcloud compute instances delete x", "gcloud run deploy x")),
        ),
    ),
    Program(
        "az",
        valued="--subscription -o --output --query -g --resource-group",
        flags="--only-show-errors --verbose --debug",
        rules=(
            Rule("version|--version", READ, "tells its version", match=("az version",)),
            Rule("account|ad|keyvault|role|login|logout get-access-token|sp|app|secret|key|certificate|assignment",
                 DESTROY,
                 _SECRETS, match=("az account get-access-token", "az keyvault secret show -n x")),
            Rule("bicep build|lint|version|decompile", CHANGE, "compiles templates", match=("az bicep build -f x",)),
            Rule("* list|show|list-*|exists|validate|what-if|logs", REACH, "asks the cloud",
                 match=("az group list", "az account show", "az vm list -o table")),
            Rule("* * list|show|list-*|exists|validate|what-if|logs !--show-secrets", REACH, "asks the cloud",
                 match=("az network vnet list", "az deployment group what-if -g x")),
            Rule("* * * list|show|exists", REACH, "asks the cloud", match=("az network vnet subnet list",)),
            Rule("*", DESTROY, _CHANGES, match=("az vm delete -n x", "az login", "az group create -n x")),
        ),
    ),
    Program("gsutil", (Rule("ls|cat|stat|du|version|hash", REACH, "asks the cloud", match=("gsutil ls",)),
                       Rule("", DESTROY, _CHANGES, match=("gsutil rm gs://x", "gsutil -m rsync a gs://b")))),
    Program("bq", (Rule("ls|show|head|version", REACH, "asks the cloud", match=("bq ls",)),
                   Rule("", DESTROY, _CHANGES, match=("bq rm x",)))),
    Program("doctl flyctl fly heroku vercel netlify railway render wrangler eksctl linode-cli hcloud scw oci ibmcloud",
            (Rule("version|--version $", READ, "tells its version", match=("doctl version",)),
             Rule("get|list|status|logs|info|ps|whoami|inspect|releases|regions", REACH, "asks the provider",
                  match=("fly status", "heroku logs", "eksctl get cluster")),
             Rule("* get|list|describe|show|ls", REACH, "asks the provider", match=("hcloud server list",)),
             Rule("", DESTROY, _CHANGES, match=("fly deploy", "vercel --prod", "doctl apps delete x")))),
    Program("cfn-lint", (Rule("!-u|--update-specs|--output-file", READ, "only looks", match=("cfn-lint t.yml",)),
                         Rule("", CHANGE, "writes files", match=("cfn-lint -u",)))),
    Program("circleci", (Rule("config validate|process", REACH, "asks the provider",
         match=("circleci config validate",)),
                         Rule("version", READ, "tells its version", match=("circleci version",)),
                         Rule("*", DESTROY, _CHANGES, match=("circleci orb publish x",)))),
    Program("act", (Rule("-l|--list", REACH, "lists jobs", match=("act -l",)),
                    Rule("", REACH, "runs jobs in containers", match=("act push",)))),
)  # fmt: skip
