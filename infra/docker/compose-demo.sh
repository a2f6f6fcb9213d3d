#!/usr/bin/env bash
# Runs the demo through docker-compose.yml, from the build of the image to the removal of every volume: the figures
# must be true, and still be there after all containers were replaced. Needs docker with compose, and npm ci.
#
#   infra/docker/compose-demo.sh [EVENTS]
set -euo pipefail
cd "$(dirname "$0")/../.."
events=${1:-100000}

# A project, an image and ports of its own: it gets in the way of no other stack.
export COMPOSE_PROJECT_NAME=cairn-demo-$$ CAIRN_IMAGE=cairn-demo-$$
install_image=cairn-demo-install-$$
free_port() {
  node_modules/.bin/node -e "import('./infra/embedded/ports.ts').then(async ({ pickFreePort }) => console.log(await pickFreePort()))"
}
CAIRN_HTTP_PORT=$(free_port) CAIRN_CLICKHOUSE_PORT=$(free_port) CAIRN_KAFKA_PORT=$(free_port) CAIRN_CONSOLE_PORT=$(free_port)
export CAIRN_HTTP_PORT CAIRN_CLICKHOUSE_PORT CAIRN_KAFKA_PORT CAIRN_CONSOLE_PORT

say() { echo "compose-demo: $*"; }
scratch=$(mktemp -d)
clean() {
  local code=$?
  trap - EXIT
  [ $code -eq 0 ] || docker compose logs --no-color --tail 40 || true
  say "removing containers, volumes and images"
  docker compose down --volumes --remove-orphans --timeout 10 >"$scratch/down.log" 2>&1 || tail -3 "$scratch/down.log"
  docker image rm --force "$CAIRN_IMAGE" "$install_image" >/dev/null 2>&1 || true
  rm -rf "$scratch"
  exit $code
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The builder that came before BuildKit will do.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0

# Where npm trusts a certificate of one's own, packages are installed in an image that has it.
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  cp "$NODE_EXTRA_CA_CERTS" "$scratch/ca.crt"
  printf 'FROM node:26-bookworm-slim\nCOPY ca.crt /etc/ssl/npm-ca.crt\nENV NODE_EXTRA_CA_CERTS=/etc/ssl/npm-ca.crt\n' >"$scratch/Dockerfile"
  docker build --quiet --tag "$install_image" "$scratch" >/dev/null 2>"$scratch/install.log" || { cat "$scratch/install.log" >&2; exit 1; }
  export CAIRN_INSTALL_IMAGE=$install_image
fi

limit=$(ulimit -Hn)
if [ "$limit" != unlimited ] && [ "$limit" -lt 262144 ]; then export CAIRN_CLICKHOUSE_NOFILE=$limit; fi

say "building the image"
docker compose build collector >"$scratch/build.log" 2>&1 || { cat "$scratch/build.log" >&2; exit 1; }
say "starting"
docker compose up --detach --wait --wait-timeout 180 --no-build 2>"$scratch/up.log" || { cat "$scratch/up.log" >&2; exit 1; }
docker compose ps --format 'table {{.Service}}\t{{.Image}}\t{{.Status}}'

# From the host, by the published ports.
cairn() {
  CAIRN_KAFKA_BROKERS=127.0.0.1:$CAIRN_KAFKA_PORT CAIRN_CLICKHOUSE_URL=http://cairn:cairn@127.0.0.1:$CAIRN_CLICKHOUSE_PORT \
    npm run --silent cairn -- "$@"
}
cairn demo --events "$events" --against "http://127.0.0.1:$CAIRN_HTTP_PORT"

say "replacing every container"
docker compose down --timeout 30 >"$scratch/down.log" 2>&1
docker compose up --detach --wait --wait-timeout 180 --no-build 2>"$scratch/up.log" || { cat "$scratch/up.log" >&2; exit 1; }
# From inside, by the names of the services.
docker compose run --rm --no-TTY cairn verify
say "the figures are true, before and after"
