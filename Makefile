# Builds, tests and ships the controller. `make` alone lists the targets; each is a script in infra/.
#
# A target is listed with the lines that begin with two hashes right above it: what it does, then its variables,
# written NAME=default and what they say.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

NODE := node_modules/.bin/node

OS ?=
ARCH ?=
DOCKERBUILD ?= false
ENGINE ?=
BUILDER_IMAGE ?= node:26-bookworm-slim
FILES ?=
BUILD_IMAGE ?= phoenixnap/cloud-provider-phoenixnap
BASE_IMAGE ?=
IMAGE_SOURCE ?=
ARCHS ?=
CONFIRM ?=
SIGN ?=
SIGNING_KEY_FILE ?=
BUILDER_ID ?=
BRANCH_NAME ?=
RELEASE_TAG ?=

# By the environment and not on a command line, and not expanded by make: a text from outside is no part of a script.
OUTSIDE := OS ARCH DOCKERBUILD ENGINE BUILDER_IMAGE FILES BUILD_IMAGE BASE_IMAGE IMAGE_SOURCE ARCHS CONFIRM SIGN SIGNING_KEY_FILE BUILDER_ID BRANCH_NAME RELEASE_TAG
$(foreach name,$(OUTSIDE),$(eval override $(name) := $$(value $(name))))
export $(OUTSIDE)

## Lists the targets and their variables.
.PHONY: help
help:
	@awk '/^## /         { lines[n++] = substr($$0, 4); next } \
	      /^\.PHONY:/    { next } \
	      /^[a-z-]+:/    { if (n) { sub(/:.*/, ""); printf "make %-10s  %s\n", $$0, lines[0]; \
	                       for (i = 1; i < n; i++) printf "                 %s\n", lines[i] } } \
	                     { n = 0 }' $(firstword $(MAKEFILE_LIST))

# The project brings its own Node; after a change of package.json run `npm ci` yourself.
$(NODE):
	npm ci

# --- The single file -----------------------------------------------------------------------------------------------

## Builds the single file that needs no Node: dist/bin/cloud-provider-phoenixnap-$(OS)-$(ARCH).
##   OS=                                   linux or darwin, or as uname writes it; empty: this host's
##   ARCH=                                 amd64 or arm64, or as uname writes it; empty: this host's
##   DOCKERBUILD=false                     true: in a container; needs docker, podman or buildah
##   BUILDER_IMAGE=node:26-bookworm-slim   image of that container: any with Node 20 or newer, npm, sh and tar
##   ENGINE=                               docker, podman or buildah; empty: the first that works
.PHONY: build
build: $(NODE)
	@$(NODE) infra/binary/main.ts

## Builds the single file for linux and darwin, amd64 and arm64.
##   DOCKERBUILD, BUILDER_IMAGE, ENGINE    as for build
.PHONY: build-all
build-all: $(NODE)
	@$(NODE) infra/binary/main.ts --all

# --- Checks --------------------------------------------------------------------------------------------------------

## Runs the tests on the simulators.
##   FILES=                                test files to run, separated by spaces; empty: all
.PHONY: test
test: $(NODE)
	npm test -- $$FILES

## Checks form, rules and types of the sources.
.PHONY: lint
lint: $(NODE)
	npm run lint
	npm run typecheck

## Checks what package-lock.json names: digests, origins, install scripts, known weak spots; and the licences of what is shipped.
##   AUDIT_REQUIRED=                       in the environment; true: a registry that says nothing of weak spots is a failure
.PHONY: audit
audit: $(NODE)
	npm run --silent audit
	npm run --silent licences

## Builds the commit twice, in two clones under different circumstances, and compares every byte; takes some minutes.
##   ENGINE                                as for image
.PHONY: reproduce
reproduce: $(NODE)
	@$(NODE) infra/supply-chain/reproduce.ts

## Removes everything that was built: dist, .build and the packages of the functions.
.PHONY: clean
clean:
	rm -rf dist .build .serverless .serverless-offline

# --- The image -----------------------------------------------------------------------------------------------------

## Builds the image $(BUILD_IMAGE):latest, and leaves it in dist/image for make cd and make release.
##   BUILD_IMAGE=phoenixnap/cloud-provider-phoenixnap
##                                         name, with its registry if that is not the engine's own
##   BASE_IMAGE=                           image that it is built on; empty: a base of Debian packages (mmdebstrap)
##   ARCH=                                 amd64 or arm64; empty: this host's
##   ARCHS=                                several of them: an index of as many images
##   ENGINE=                               docker, podman or buildah; empty: the first that works
##   IMAGE_SOURCE=                         URL of the source for its label; empty: that of the git remote origin
.PHONY: image
image: $(NODE)
	@$(NODE) infra/binary/main.ts --for-image
	@$(NODE) infra/image/main.ts

## Builds the image for amd64 and arm64.
##   BUILD_IMAGE, BASE_IMAGE, ENGINE       as for image
.PHONY: image-all
image-all:
	@$(MAKE) --no-print-directory image ARCHS='amd64 arm64'

## Installs what image, ci, cd and release need from Debian's packages, as root; says what is missing otherwise.
.PHONY: tools
tools:
	@bash .ci/tools

# --- What a release consists of ------------------------------------------------------------------------------------

## Brings together in dist/release what make build-all and make image left, the functions and the chart, with SBOMs and digests.
##   RELEASE_TAG, IMAGE_SOURCE             as for ci and image
##   BUILDER_ID=                           URI of whoever builds, for the provenance; empty: the workflow of GitHub, or somebody
.PHONY: artefacts
artefacts: $(NODE)
	@$(NODE) infra/supply-chain/artefacts.ts

# --- Pipeline: ci, cd, release -------------------------------------------------------------------------------------

## Installs what package-lock.json says, builds everything, checks and tests it, and builds the image and the artefacts.
##   ARCHS=                                'amd64 arm64' for an image of both
##   RELEASE_TAG=                          the tag to release, where the commit has several
##   KUBEBUILDER_ASSETS=                   folder with kube-apiserver, etcd and kubectl: tests run on them too
.PHONY: ci
ci:
	@env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES bash .ci/run
	@$(MAKE) --no-print-directory image
	@$(MAKE) --no-print-directory artefacts

## Logs in where BUILD_IMAGE is pushed to, for CI; by hand the login of docker, podman, buildah or skopeo does the same.
##   REGISTRY_USER=                        in the environment, as the next
##   REGISTRY_PASSWORD=
##   BUILD_IMAGE                           as for image
.PHONY: login
login: $(NODE)
	@$(NODE) infra/pipeline/login.ts

## Pushes the image of make ci under the name of the branch and the hash of the commit.
##   CONFIRM=                              true, or nothing is pushed
##   BRANCH_NAME=                          the branch that is checked out, such as main
##   BUILD_IMAGE                           as for image; its registry is the one that is pushed to
.PHONY: cd
cd: $(NODE)
	@$(NODE) infra/pipeline/publish.ts cd

## Signs artefacts and image of make ci, and pushes the image under a git tag of the commit.
##   CONFIRM=                              true, or nothing is pushed
##   SIGN=                                 false: a release without signatures; otherwise there must be a key
##   SIGNING_KEY=                          in the environment: the private key itself, PEM; or
##   SIGNING_KEY_FILE=                     path of a file that has it
##   SIGNING_KEY_PASSWORD=                 in the environment, if the key is encrypted
##   RELEASE_TAG=                          the tag that is checked out, such as v1.2.3
##   BUILD_IMAGE                           as for cd
.PHONY: release
release: $(NODE)
	@$(NODE) infra/pipeline/publish.ts release
