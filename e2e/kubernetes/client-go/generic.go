package main

import (
	"context"
	"os"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	discoveryclient "k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"time"
)

var definitions = schema.GroupVersionResource{
	Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
}

func discovery(ctx context.Context, s *scene) error {
	groups, resources, err := s.client.Discovery().ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if err := want("groups are there", len(groups) > 15 && len(resources) > 15, true); err != nil {
		return err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(s.client.Discovery()))
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	if err != nil {
		return err
	}
	if err := want("resource", mapping.Resource.Resource, "deployments"); err != nil {
		return err
	}
	kind, err := restmapper.NewShortcutExpander(mapper, s.client.Discovery(), nil).
		KindFor(schema.GroupVersionResource{Resource: "cm"})
	if err != nil {
		return err
	}
	if err := want("kind of a short name", kind.Kind, "ConfigMap"); err != nil {
		return err
	}
	preferred, err := discoveryclient.ServerPreferredNamespacedResources(s.client.Discovery())
	if err != nil {
		return err
	}
	document, err := s.client.Discovery().OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	return want("documents are there", len(preferred) > 0 && document["apis/apps/v1"] != nil, true)
}

// A kind of its own for each check: checks run beside one another.
func define(ctx context.Context, s *scene, plural, kind string) (schema.GroupVersionResource, error) {
	object := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": plural + ".go.example.com"},
		"spec": map[string]any{
			"group": "go.example.com",
			"scope": "Namespaced",
			"names": map[string]any{"plural": plural, "kind": kind},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{
					"type":       "object",
					"properties": map[string]any{"spec": object, "status": object},
				}},
			}},
		},
	}}
	resource := schema.GroupVersionResource{Group: "go.example.com", Version: "v1", Resource: plural}
	client, err := dynamic.NewForConfig(s.config)
	if err != nil {
		return resource, err
	}
	if _, err := client.Resource(definitions).Create(ctx, definition, metav1.CreateOptions{}); err != nil {
		return resource, err
	}
	return resource, wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 10*time.Second, true,
		func(ctx context.Context) (bool, error) { return isEstablished(ctx, client, definition.GetName()) })
}

func isEstablished(ctx context.Context, client dynamic.Interface, name string) (bool, error) {
	found, err := client.Resource(definitions).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return false, err
	}
	conditions, _, _ := unstructured.NestedSlice(found.Object, "status", "conditions")
	for _, condition := range conditions {
		fields := condition.(map[string]any)
		if fields["type"] == "Established" && fields["status"] == "True" {
			return true, nil
		}
	}
	return false, nil
}

func undefine(s *scene, resource schema.GroupVersionResource) {
	client, err := dynamic.NewForConfig(s.config)
	if err == nil {
		name := resource.Resource + "." + resource.Group
		_ = client.Resource(definitions).Delete(context.Background(), name, metav1.DeleteOptions{})
	}
}

func custom(kind, name string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "go.example.com/v1", "kind": kind,
		"metadata": map[string]any{"name": name}, "spec": spec,
	}}
}

func dynamicObjects(ctx context.Context, s *scene) error {
	resource, err := define(ctx, s, "loads", "Load")
	defer undefine(s, resource)
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(s.config)
	if err != nil {
		return err
	}
	loads := client.Resource(resource).Namespace(s.namespace)
	load := custom("Load", "heavy", map[string]any{"weight": int64(3)})
	if _, err := loads.Create(ctx, load, metav1.CreateOptions{}); err != nil {
		return err
	}
	watch, err := loads.Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	defer watch.Stop()
	if err := want("first event", string((<-watch.ResultChan()).Type), "ADDED"); err != nil {
		return err
	}
	applied := custom("Load", "heavy", map[string]any{"weight": int64(5)})
	options := metav1.ApplyOptions{FieldManager: "check", Force: true}
	if _, err := loads.Apply(ctx, "heavy", applied, options); err != nil {
		return err
	}
	if err := want("second event", string((<-watch.ResultChan()).Type), "MODIFIED"); err != nil {
		return err
	}
	return loads.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
}

func metadataOnly(ctx context.Context, s *scene) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	if _, err := maps.Create(ctx, configMap("described", nil), metav1.CreateOptions{}); err != nil {
		return err
	}
	client, err := metadata.NewForConfig(s.config)
	if err != nil {
		return err
	}
	resource := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	list, err := client.Resource(resource).Namespace(s.namespace).List(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=described",
	})
	if err != nil {
		return err
	}
	return want("descriptions", len(list.Items), 1)
}

func scaleOnly(ctx context.Context, s *scene) error {
	if _, err := s.client.AppsV1().Deployments(s.namespace).
		Create(ctx, deployment("scaled"), metav1.CreateOptions{}); err != nil {
		return err
	}
	cached := memory.NewMemCacheClient(s.client.Discovery())
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(cached)
	resolver := scale.NewDiscoveryScaleKindResolver(cached)
	client, err := scale.NewForConfig(s.config, mapper, dynamic.LegacyAPIPathResolverFunc, resolver)
	if err != nil {
		return err
	}
	resource := schema.GroupResource{Group: "apps", Resource: "deployments"}
	found, err := client.Scales(s.namespace).Get(ctx, resource, "scaled", metav1.GetOptions{})
	if err != nil {
		return err
	}
	found.Spec = autoscalingv1.ScaleSpec{Replicas: 4}
	updated, err := client.Scales(s.namespace).Update(ctx, resource, found, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	return want("replicas", updated.Spec.Replicas, int32(4))
}

// A client that would rather speak CBOR hears that this server does not, and goes on in JSON.
func cbor(ctx context.Context, s *scene) error {
	for _, feature := range []string{"ClientsAllowCBOR", "ClientsPreferCBOR"} {
		if err := want("feature "+feature, os.Getenv("KUBE_FEATURE_"+feature), "true"); err != nil {
			return err
		}
	}
	client, err := dynamic.NewForConfig(s.config)
	if err != nil {
		return err
	}
	maps := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(s.namespace)
	object := func(name string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name},
		}}
	}
	// The first may be refused with 415: from then on the client uses JSON.
	_, _ = maps.Create(ctx, object("first"), metav1.CreateOptions{})
	_, err = maps.Create(ctx, object("second"), metav1.CreateOptions{})
	return err
}
