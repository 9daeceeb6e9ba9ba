// Command roundtrip writes objects of the built-in kinds as the real libraries encode
// them: protobuf, as generated clients send it, beside JSON.
//
// Each line of its input is a kind, "group version kind" with "-" for the core group, of
// which it makes objects; or an object in JSON, which it encodes. It writes a line of
// JSON for each object. The same input gives the same output.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"math/rand"
	"os"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// An encoded is one object in both encodings.
type encoded struct {
	Kind     []string        `json:"kind"`
	Name     string          `json:"name"`
	Protobuf []byte          `json:"protobuf"`
	JSON     json.RawMessage `json:"json"`
}

// The ways of filling an object, from nothing to everything.
var fillings = []struct {
	name   string
	filler filler
}{
	{"empty", filler{}},
	// What protobuf and JSON disagree on most: set, and zero.
	{"zeros", filler{pointers: 1, items: 1, zeros: 1}},
	{"full", filler{pointers: 1, items: 2}},
	{"some", filler{pointers: 0.5, items: 1, zeros: 0.3}},
}

func main() {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme,
		apiextensionsv1.AddToScheme,
		apiregistrationv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			log.Fatal(err)
		}
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		if err := answer(out, scheme, in.Bytes()); err != nil {
			log.Fatalf("%s: %v", in.Text(), err)
		}
	}
}

func answer(out *bufio.Writer, scheme *runtime.Scheme, line []byte) error {
	if bytes.HasPrefix(line, []byte("{")) {
		codecs := serializer.NewCodecFactory(scheme)
		object, gvk, err := codecs.UniversalDeserializer().Decode(line, nil, nil)
		if err != nil {
			return err
		}
		return write(out, scheme, *gvk, "given", object)
	}
	var group, version, kind string
	if _, err := fmt.Sscan(string(line), &group, &version, &kind); err != nil {
		return err
	}
	if group == "-" {
		group = ""
	}
	gvk := schema.GroupVersionKind{Group: group, Version: version, Kind: kind}
	for _, filling := range fillings {
		object, err := scheme.New(gvk)
		if err != nil {
			return err
		}
		f := filling.filler
		f.random = rand.New(rand.NewSource(int64(len(kind))))
		f.object(object)
		if err := write(out, scheme, gvk, filling.name, object); err != nil {
			return err
		}
	}
	return nil
}

func write(out *bufio.Writer, scheme *runtime.Scheme, gvk schema.GroupVersionKind, name string, object runtime.Object) error {
	object.GetObjectKind().SetGroupVersionKind(gvk)
	var body bytes.Buffer
	if err := protobuf.NewSerializer(scheme, scheme).Encode(object, &body); err != nil {
		return err
	}
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	line, err := json.Marshal(encoded{
		Kind:     []string{gvk.Group, gvk.Version, gvk.Kind},
		Name:     name,
		Protobuf: body.Bytes(),
		JSON:     text,
	})
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}
