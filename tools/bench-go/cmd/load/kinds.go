package main

import (
	"fmt"
	"strings"
)

const (
	asJSON  = "application/json"
	asMerge = "application/merge-patch+json"
	asApply = "application/apply-patch+yaml" // JSON is YAML, and what client-go sends

	crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
)

// A kind of objects, each of 1 KB, with one place that changes.
type kind struct {
	name  string
	root  string
	path  string
	head  string
	body  string
	patch string
}

var text = strings.Repeat("as much as it takes to be about that long, ", 2)

var configMap = kind{
	name: "configmap",
	root: "/api/v1/namespaces/",
	path: "/configmaps",
	head: `{"apiVersion":"v1","kind":"ConfigMap",`,
	body: `"data":{"place":"%d",` + rows(8, `"key-%d":"`+text+`"`) + `}}`,

	patch: `{"data":{"place":"%d"}}`,
}

var gadget = kind{
	name: "custom",
	root: "/apis/load.example.com/v1/namespaces/",
	path: "/gadgets",
	head: `{"apiVersion":"load.example.com/v1","kind":"Gadget",`,
	body: `"spec":{"place":%d,"title":"` + text + `","color":"green","limits":{"cpu":"2","memory":"1Gi"},"parts":[` +
		rows(5, `{"name":"part-%d","size":7,"tags":["left","right"],"note":"`+text+`"}`) + `]}}`,
	patch: `{"spec":{"place":%d}}`,
}

const gadgets = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
"metadata":{"name":"gadgets.load.example.com"},
"spec":{"group":"load.example.com","scope":"Namespaced",
"names":{"plural":"gadgets","singular":"gadget","kind":"Gadget","listKind":"GadgetList"},
"versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
"schema":{"openAPIV3Schema":{"type":"object","required":["spec"],"properties":{
"spec":{"type":"object","required":["title"],"properties":{
"place":{"type":"integer","minimum":0},
"title":{"type":"string","minLength":1,"maxLength":200},
"color":{"type":"string","enum":["red","green","blue"]},
"paused":{"type":"boolean","default":false},
"limits":{"type":"object","additionalProperties":{"type":"string","pattern":"^[0-9]+[A-Za-z]*$"}},
"parts":{"type":"array","maxItems":20,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
"items":{"type":"object","required":["name"],"properties":{
"name":{"type":"string","maxLength":63},
"size":{"type":"integer","minimum":1,"maximum":100},
"tags":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
"note":{"type":"string"}}}}}},
"status":{"type":"object","properties":{"ready":{"type":"boolean"}}}}}}}]}}`

func rows(count int, format string) string {
	each := make([]string, count)
	for n := range each {
		each[n] = fmt.Sprintf(format, n)
	}
	return strings.Join(each, ",")
}

func (k kind) in(namespace string) string { return k.root + namespace + k.path }

func (k kind) object(name string, place int) []byte {
	return fmt.Appendf(nil, k.head+`"metadata":{"name":"`+name+`","labels":{"app":"load"}},`+k.body, place)
}

func (k kind) merge(place int) []byte { return fmt.Appendf(nil, k.patch, place) }
