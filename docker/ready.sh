#!/usr/bin/env bash
# Does the sidecar of this container say that it is ready? bash alone, for an image without curl.
# usage: tenancy-ready [PORT]
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/${1:-8080}"
printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
