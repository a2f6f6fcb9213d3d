#!/bin/sh
# Says what is missing where the packaged Node 26 does not start: bare Debian and Ubuntu images lack libatomic.
# In sh, because Node cannot say it.
node=${1:-$(dirname "$0")/../node_modules/node/bin/node}
if ! reason=$("$node" --version 2>&1); then
  case $reason in
    *libatomic*) remedy='install libatomic (Debian, Ubuntu: apt install libatomic1; Fedora: dnf install libatomic; Alpine: use Docker)' ;;
    *GLIBC_*) remedy='use a system with glibc 2.28 or newer, or Docker: docker compose up' ;;
    *) remedy='run npm ci again, or use Docker: docker compose up' ;;
  esac
  echo "Cannot start Node 26: $reason" >&2
  echo "Remedy: $remedy" >&2
  exit 1
fi
