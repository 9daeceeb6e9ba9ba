package main

import (
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A filler gives the fields of an object values that tell them apart.
type filler struct {
	// Chance that a pointer is set, and that a value that is there is zero.
	pointers, zeros float64
	// Length of lists and maps; 0 leaves everything as it is.
	items  int
	random *rand.Rand
	count  int
}

// Types may hold themselves: no object is deeper.
const deepest = 12

func (f *filler) object(object runtime.Object) {
	if f.items > 0 {
		f.fill(reflect.ValueOf(object).Elem(), "", 0)
	}
}

func (f *filler) fill(value reflect.Value, name string, depth int) {
	f.count++
	if f.special(value, depth) {
		return
	}
	zero := f.random.Float64() < f.zeros
	switch value.Kind() {
	case reflect.Pointer:
		if depth < deepest && f.random.Float64() < f.pointers {
			value.Set(reflect.New(value.Type().Elem()))
			f.fill(value.Elem(), name, depth+1)
		}
	case reflect.Struct:
		for i := range value.NumField() {
			if field := value.Type().Field(i); field.Name != "TypeMeta" {
				f.fill(value.Field(i), field.Name, depth+1)
			}
		}
	case reflect.Slice:
		f.list(value, name, depth)
	case reflect.Map:
		if depth < deepest {
			f.entries(value, name, depth)
		}
	case reflect.String:
		if !zero {
			value.SetString(fmt.Sprintf("%s-%d", strings.ToLower(name), f.count%10))
		}
	case reflect.Bool:
		value.SetBool(!zero)
	case reflect.Int32, reflect.Int64:
		if !zero {
			// Small ones, negative ones, and such as need many bytes.
			value.SetInt(int64(f.count%300) << (f.count % 23) * int64(1-f.count%2*2))
		}
	case reflect.Float64:
		if !zero {
			value.SetFloat(float64(f.count) / 4)
		}
	default:
		panic(fmt.Sprintf("%s is a %s", name, value.Type()))
	}
}

func (f *filler) list(value reflect.Value, name string, depth int) {
	if value.Type().Elem().Kind() == reflect.Uint8 {
		value.SetBytes([]byte(name))
		return
	}
	if depth >= deepest {
		return
	}
	length := f.items
	if depth > deepest/3 {
		length = 1
	}
	value.Set(reflect.MakeSlice(value.Type(), length, length))
	for i := range length {
		f.fill(value.Index(i), name, depth+1)
	}
}

func (f *filler) entries(value reflect.Value, name string, depth int) {
	value.Set(reflect.MakeMap(value.Type()))
	for i := range f.items {
		key := reflect.New(value.Type().Key()).Elem()
		key.SetString(fmt.Sprintf("%s-%d", strings.ToLower(name), i))
		item := reflect.New(value.Type().Elem()).Elem()
		f.fill(item, name, depth+1)
		value.SetMapIndex(key, item)
	}
}

// special fills types whose JSON is not that of a struct; it tells whether it did.
func (f *filler) special(value reflect.Value, depth int) bool {
	zero := f.random.Float64() < f.zeros
	switch typed := value.Addr().Interface().(type) {
	case *metav1.Time:
		if !zero {
			*typed = metav1.Unix(int64(f.count)*86_399, 0)
		}
	case *metav1.MicroTime:
		if !zero {
			*typed = metav1.NewMicroTime(time.Unix(int64(f.count)*86_399, int64(f.count)*1_001_000))
		}
	case *resource.Quantity:
		if !zero {
			texts := []string{"1500m", "1Gi", "2k", "0.5", "12345678901234567890"}
			*typed = resource.MustParse(texts[f.count%len(texts)])
		}
	case *intstr.IntOrString:
		switch f.count % 3 {
		case 0:
			*typed = intstr.FromInt32(int32(f.count))
		case 1:
			*typed = intstr.FromString("25%")
		}
	case *metav1.FieldsV1:
		typed.Raw = []byte(`{"f:metadata":{"f:labels":{".":{}}}}`)
	case *runtime.RawExtension:
		typed.Raw = []byte(`{"a":[1,2.5,"x",null,true]}`)
	case *apiextensionsv1.JSON:
		typed.Raw = []byte([]string{`"x"`, `1`, `{"a":[null]}`}[f.count%3])
	case *apiextensionsv1.JSONSchemaPropsOrArray:
		f.schemas(&typed.Schema, &typed.JSONSchemas, depth)
	case *apiextensionsv1.JSONSchemaPropsOrBool:
		typed.Allows = !zero
		if f.count%2 == 0 {
			typed.Allows = true
			f.schemas(&typed.Schema, nil, depth)
		}
	case *apiextensionsv1.JSONSchemaPropsOrStringArray:
		if f.count%2 == 0 {
			typed.Property = []string{"a", "b"}
		} else {
			f.schemas(&typed.Schema, nil, depth)
		}
	default:
		return false
	}
	return true
}

// schemas makes one schema or, every other time where they may be, a list.
func (f *filler) schemas(one **apiextensionsv1.JSONSchemaProps, many *[]apiextensionsv1.JSONSchemaProps, depth int) {
	schema := apiextensionsv1.JSONSchemaProps{Type: "string"}
	if depth < deepest-4 {
		f.fill(reflect.ValueOf(&schema).Elem(), "", deepest-2)
	}
	if many != nil && f.count%2 == 0 {
		*many = []apiextensionsv1.JSONSchemaProps{schema}
	} else {
		*one = &schema
	}
}
