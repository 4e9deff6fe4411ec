#!/bin/sh
# An account that is none, for what deploys into one: called as `aws`, `cdk`, `docker` or `tsx`, it keeps what there is as files
# in the folder ACCOUNT, refuses what takes something that is not there yet, and writes each call down in `calls`.
set -eu
cd "$ACCOUNT"
program=${0##*/}
echo "$program $*" >>calls

absent() {
	echo "An error occurred ($1) when calling an operation: it is not there" >&2
	exit 254
}

takes() {
	[ -e "$1" ] || {
		echo "$program $2 takes $1" >&2
		exit 1
	}
}

case "$program $*" in
"aws configure get region") exit 1 ;;
"aws sts get-caller-identity "*) echo 123456789012 ;;
"aws ssm get-parameter "*)
	[ ! -e denied ] || absent AccessDeniedException
	[ -e bootstrapped ] || absent ParameterNotFound
	echo 30
	;;
"aws ecr describe-repositories "*)
	[ -e repository ] || absent RepositoryNotFoundException
	echo 123456789012.dkr.ecr.eu-west-1.amazonaws.com/lockgate-worker-main
	;;
"aws ecr describe-images "*)
	[ ! -e denied-images ] || absent AccessDeniedException
	tag=${*#*imageTag=}
	[ -e "image-${tag%% *}" ] || absent ImageNotFoundException
	echo sha256:0
	;;
"aws ecr get-login-password") echo the-password ;;
"cdk synth "*) [ ! -e wrong-settings ] || exit 1 ;;
"cdk bootstrap "*) touch bootstrapped ;;
"cdk deploy "*Lockgate-Site-main)
	takes bootstrapped site
	touch repository
	;;
"cdk deploy "*--all*)
	takes bootstrapped stacks
	for image in ${ASKED:-}; do takes "image-$image" service; done
	;;
"docker version") [ ! -e asleep ] || exit 1 ;;
"docker login "*) [ "$(cat)" = the-password ] && touch admitted ;;
"docker build "*"--file deploy/worker/Dockerfile "*) touch built ;;
"docker push "*)
	for needed in repository admitted built; do takes "$needed" push; done
	touch "image-${*##*:}"
	;;
"tsx bin/page.ts "*) ;;
*)
	echo "no account is asked for $program $*" >&2
	exit 2
	;;
esac
