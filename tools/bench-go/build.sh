#!/bin/sh
# Build the peers that are no Python libraries: client-go, controller-runtime, kube-rs.
#
# usage: tools/bench-go/build.sh OUTPUT_DIR
#
# A compiler that is missing leaves its programs out; the comparison says so.
set -eu

out=$1
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
: >"$out/versions.part"

if command -v go >/dev/null 2>&1; then
    echo "bench: building client-go and controller-runtime"
    (cd "$here" && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off \
        go build -trimpath -buildvcs=false -o "$out/" ./cmd/...)
    sed -nE 's#^[[:space:]]*(k8s.io/client-go|sigs.k8s.io/controller-runtime) (v[^ ]+).*#\1 \2#p' \
        "$here/go.mod" >>"$out/versions.part"
    go env GOVERSION >>"$out/versions.part"
else
    echo "bench: no go on PATH, leaving out client-go and controller-runtime" >&2
fi

rust="$here/../bench-rust"
if command -v cargo >/dev/null 2>&1; then
    echo "bench: building kube-rs"
    if CARGO_TARGET_DIR="$out/rust" cargo build --quiet --release --locked \
        --manifest-path "$rust/Cargo.toml"; then
        cp "$out/rust/release/bench-kube-rs" "$out/bench-kube-rs"
        sed -nE '/^name = "kube"$/{n;s/^version = "(.*)"/kube-rs \1/p;}' \
            "$rust/Cargo.lock" >>"$out/versions.part"
        rustc --version >>"$out/versions.part"
    else
        echo "bench: kube-rs does not build here, leaving it out" >&2
    fi
else
    echo "bench: no cargo on PATH, leaving out kube-rs" >&2
fi
mv "$out/versions.part" "$out/versions"
