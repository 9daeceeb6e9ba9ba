#!/bin/sh
# Build the peers that are no Python libraries: client-go, controller-runtime, kube-rs;
# and the generator of the load of API servers.
#
# usage: tools/bench-go/build.sh OUTPUT_DIR [go] [rust]
#
# A compiler that is missing leaves its programs out; the comparison says so.
set -eu

out=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)

build_go() {
    # Where PATH has none, the one that built the real control plane.
    go=$(command -v go || echo "$here/../../.kube/bin/.go/bin/go")
    if ! [ -x "$go" ]; then
        echo "bench: no go on PATH, leaving out client-go, controller-runtime, the load" >&2
        return 0
    fi
    echo "bench: building client-go, controller-runtime and the load of API servers"
    (cd "$here" && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off \
        "$go" build -trimpath -buildvcs=false -o "$out/" ./cmd/...)
    {
        sed -nE 's#^[[:space:]]*(k8s.io/client-go|sigs.k8s.io/controller-runtime) (v[^ ]+).*#\1 \2#p' \
            "$here/go.mod"
        "$go" env GOVERSION
    } >"$out/go.versions"
}

build_rust() {
    rust="$here/../bench-rust"
    if ! command -v cargo >/dev/null 2>&1; then
        echo "bench: no cargo on PATH, leaving out kube-rs" >&2
        return 0
    fi
    echo "bench: building kube-rs"
    if ! CARGO_TARGET_DIR="$out/rust" cargo build --quiet --release --locked \
        --manifest-path "$rust/Cargo.toml"; then
        echo "bench: kube-rs does not build here, leaving it out" >&2
        rm -f "$out/bench-kube-rs"
        return 0
    fi
    cp "$out/rust/release/bench-kube-rs" "$out/bench-kube-rs"
    {
        sed -nE '/^name = "kube"$/{n;s/^version = "(.*)"/kube-rs \1/p;}' "$rust/Cargo.lock"
        rustc --version
    } >"$out/rust.versions"
}

for language in "$@"; do
    "build_$language"
done
