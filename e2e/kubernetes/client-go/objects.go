package main

import (
	"context"
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
)

func configMap(name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
}

func typed(ctx context.Context, s *scene) error {
	return throughLife(ctx, s.client, s.namespace)
}

func protobuf(ctx context.Context, s *scene) error {
	config := rest.CopyConfig(s.config)
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return throughLife(ctx, client, s.namespace)
}

// One Deployment from its creation to its end.
func throughLife(ctx context.Context, client kubernetes.Interface, namespace string) error {
	deployments := client.AppsV1().Deployments(namespace)
	made, err := deployments.Create(ctx, deployment("web"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := want("default strategy", made.Spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType); err != nil {
		return err
	}
	made.Labels = map[string]string{"tier": "front"}
	updated, err := deployments.Update(ctx, made, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	updated.Status.ObservedGeneration = updated.Generation
	if _, err = deployments.UpdateStatus(ctx, updated, metav1.UpdateOptions{}); err != nil {
		return err
	}
	patch := []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:2"}]}}}}`)
	patched, err := deployments.Patch(ctx, "web", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if err := want("generation", patched.Generation, 2); err != nil {
		return err
	}
	list, err := deployments.List(ctx, metav1.ListOptions{LabelSelector: "tier=front"})
	if err != nil {
		return err
	}
	if err := want("found by label", len(list.Items), 1); err != nil {
		return err
	}
	if err := deployments.Delete(ctx, "web", metav1.DeleteOptions{}); err != nil {
		return err
	}
	_, err = deployments.Get(ctx, "web", metav1.GetOptions{})
	return want("not found after deletion", errors.IsNotFound(err), true)
}

func deployment(name string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: name + ":1"}}},
			},
		},
	}
}

func apply(ctx context.Context, s *scene) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	configuration := func(value string) *coreapply.ConfigMapApplyConfiguration {
		return coreapply.ConfigMap("applied", s.namespace).WithData(map[string]string{"a": value})
	}
	if _, err := maps.Apply(ctx, configuration("1"), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	_, err := maps.Apply(ctx, configuration("2"), metav1.ApplyOptions{FieldManager: "two"})
	if err := want("conflict with the first owner", errors.IsConflict(err), true); err != nil {
		return err
	}
	forced, err := maps.Apply(ctx, configuration("2"), metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	extracted, err := coreapply.ExtractConfigMap(forced, "two")
	if err != nil {
		return err
	}
	return want("what the second owner has", extracted.Data["a"], "2")
}

// Ten writers, each of whom adds one.
func conflict(ctx context.Context, s *scene) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	if _, err := maps.Create(ctx, configMap("counter", nil), metav1.CreateOptions{}); err != nil {
		return err
	}
	var group sync.WaitGroup
	failures := make(chan error, 10)
	for range 10 {
		group.Go(func() { failures <- addOne(ctx, s) })
	}
	group.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	counter, err := maps.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return want("count", len(counter.Data["count"]), 10)
}

func addOne(ctx context.Context, s *scene) error {
	backoff := retry.DefaultBackoff
	backoff.Steps = 20
	return retry.RetryOnConflict(backoff, func() error {
		maps := s.client.CoreV1().ConfigMaps(s.namespace)
		counter, err := maps.Get(ctx, "counter", metav1.GetOptions{})
		if err != nil {
			return err
		}
		counter.Data = map[string]string{"count": counter.Data["count"] + "I"}
		_, err = maps.Update(ctx, counter, metav1.UpdateOptions{})
		return err
	})
}

func pages(ctx context.Context, s *scene) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	for n := range 25 {
		name := fmt.Sprintf("page-%02d", n)
		if _, err := maps.Create(ctx, configMap(name, nil), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	lister := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return maps.List(ctx, options)
	})
	lister.PageSize = 10
	names := map[string]bool{}
	err := lister.EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		names[object.(*corev1.ConfigMap).Name] = true
		return nil
	})
	if err != nil {
		return err
	}
	delete(names, "kube-root-ca.crt")
	return want("objects on all pages", len(names), 25)
}
