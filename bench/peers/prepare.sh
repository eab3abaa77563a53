#!/usr/bin/env bash
# Usage: source bench/peers/prepare.sh        (from the root of the tree)
#
# Makes the peers that `onda serve` is compared with and says by ONDA_PEER_… variables where they are, or why one is
# not there: a peer whose tools are missing must not keep the others from being measured.

ONDA_PEER_APP=$PWD/bench/peers/fastapi
if ONDA_PEER_PYTHON=$(tools/python.sh bench/peers/fastapi/requirements.txt); then
  export ONDA_PEER_PYTHON ONDA_PEER_APP
else
  unset ONDA_PEER_PYTHON
  export ONDA_PEER_PYTHON_MISSING="its packages cannot be installed; the messages are above"
fi

if ! command -v go >/dev/null; then
  export ONDA_PEER_GO_MISSING="there is no Go (Debian's golang, or go.dev)"
elif mkdir -p build/peers && (cd bench/peers/go && go build -o ../../../build/peers/go .); then
  export ONDA_PEER_GO=$PWD/build/peers/go
else
  export ONDA_PEER_GO_MISSING="it does not build; the messages are above"
fi
