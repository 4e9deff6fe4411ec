#!/bin/sh
# Brings a stage into the account and the region of the environment, from nothing or over what is there:
#
#   deploy.sh -c stage=prod -c site=main -c worker=2026-11-29 ...     (by `make deploy`, which has cdk and tsx in PATH)
#
# In an order in which each step finds what it takes: CDK's own stack of the account; the site's, which has the repository of
# images; the image of each tag that is asked for; all stacks; the page. What is there already is left as it is, and nothing
# is changed before it is known that all of it can be made.
set -eu
outputs=cdk.out/outputs.json
refusal=$(mktemp)
trap 'rm -f "$refusal"' EXIT

bad() {
	echo "$1" >&2
	exit 1
}

# What CDK is told of a setting.
said() {
	setting=$1
	shift
	for argument; do
		case $argument in "$setting="*) echo "${argument#*=}" ;; esac
	done
}

# Asks AWS for what may not be there: the error that says so is an empty answer, and any other is the end.
ask() {
	absent=$1
	shift
	aws "$@" --output text 2>"$refusal" && return
	grep -q "($absent)" "$refusal" || bad "$(cat "$refusal")"
}

repository_uri() {
	ask RepositoryNotFoundException ecr describe-repositories --repository-names "$repository" --query 'repositories[0].repositoryUri'
}

digest() {
	ask ImageNotFoundException ecr describe-images --repository-name "$repository" --image-ids "imageTag=$1" --query 'imageDetails[0].imageDigest'
}

stage=$(said stage "$@")
site=$(said site "$@")
tags=$({ said worker "$@" && said apiService "$@"; } | sort -u)
repository=lockgate-worker-$site

command -v aws >/dev/null || bad "A deployment asks the account what is there: the aws CLI is missing."
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
[ -n "$region" ] || bad "Which region? AWS_REGION says it."
# The one is heeded by one of the two tools, and the other by the other.
export AWS_REGION="$region" AWS_DEFAULT_REGION="$region"
account=$(aws sts get-caller-identity --query Account --output text)

# It refuses what is wrong with the settings.
cdk synth --quiet "$@"

bootstrapped=$(ask ParameterNotFound ssm get-parameter --name /cdk-bootstrap/hnb659fds/version --query Parameter.Value)
images=""
missing=""
if [ -n "$tags" ]; then
	images=$(repository_uri)
	for tag in $tags; do
		found=""
		[ -z "$images" ] || found=$(digest "$tag")
		[ -n "$found" ] || missing="$missing $tag"
	done
fi
if [ -n "$missing" ] && ! docker version >/dev/null 2>&1; then
	bad "$repository has no image of the tag$missing, which workers and the API in containers take. To build it takes Docker, \
which is missing here or does not answer. Nothing was changed."
fi

[ -n "$bootstrapped" ] || cdk bootstrap --app cdk.out "aws://$account/$region"

if [ -n "$missing" ]; then
	if [ -z "$images" ]; then
		cdk deploy --app cdk.out --require-approval never "Lockgate-Site-$site"
		images=$(repository_uri)
	fi
	password=$(aws ecr get-login-password)
	printf '%s' "$password" | docker login --username AWS --password-stdin "${images%%/*}"
	for tag in $missing; do
		make --no-print-directory -C .. worker-image IMAGE="$images:$tag"
		docker push "$images:$tag"
	done
fi

cdk deploy --app cdk.out --all --require-approval never --outputs-file "$outputs"
tsx bin/page.ts ../web/dist/page "$outputs" "Lockgate-$stage"
