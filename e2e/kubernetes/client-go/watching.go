package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/workqueue"
)

// Notices of config maps in the scene's namespace as "ADDED name", after what is there is known.
func watchMaps(ctx context.Context, s *scene) (<-chan string, error) {
	factory := informers.NewSharedInformerFactoryWithOptions(s.client, 0, informers.WithNamespace(s.namespace))
	heard := make(chan string, 100)
	tell := func(what string, object any) {
		if name := object.(*corev1.ConfigMap).Name; name != "kube-root-ca.crt" {
			heard <- what + " " + name
		}
	}
	shared := factory.Core().V1().ConfigMaps().Informer()
	_, err := shared.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { tell("ADDED", object) },
		UpdateFunc: func(_, object any) { tell("MODIFIED", object) },
		DeleteFunc: func(object any) { tell("DELETED", object) },
	})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), shared.HasSynced) {
		return nil, fmt.Errorf("the informer did not get to know what is there")
	}
	return heard, nil
}

func expect(ctx context.Context, heard <-chan string, expected string) error {
	select {
	case got := <-heard:
		return want("event", got, expected)
	case <-ctx.Done():
		return fmt.Errorf("no event, expected %s", expected)
	}
}

func informer(ctx context.Context, s *scene) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	if _, err := maps.Create(ctx, configMap("before", nil), metav1.CreateOptions{}); err != nil {
		return err
	}
	heard, err := watchMaps(ctx, s)
	if err != nil {
		return err
	}
	if err := expect(ctx, heard, "ADDED before"); err != nil {
		return err
	}
	if _, err := maps.Create(ctx, configMap("after", nil), metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := expect(ctx, heard, "ADDED after"); err != nil {
		return err
	}
	if _, err := maps.Update(ctx, configMap("after", map[string]string{"a": "1"}), metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := expect(ctx, heard, "MODIFIED after"); err != nil {
		return err
	}
	if err := maps.Delete(ctx, "before", metav1.DeleteOptions{}); err != nil {
		return err
	}
	return expect(ctx, heard, "DELETED before")
}

// Whoever runs this kills the server and starts it again between the two lines.
func restart(ctx context.Context, s *scene) error {
	heard, err := watchMaps(ctx, s)
	if err != nil {
		return err
	}
	fmt.Println("watching")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	if _, err := maps.Create(ctx, configMap("later", nil), metav1.CreateOptions{}); err != nil {
		return err
	}
	return expect(ctx, heard, "ADDED later")
}

// Of two candidates one leads; when it is gone without a word the other one does.
func leaderElection(ctx context.Context, s *scene) error {
	leading := make(chan string, 10)
	first, stopFirst := context.WithCancel(ctx)
	defer stopFirst()
	run := func(ctx context.Context, name string) {
		lock := &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: s.namespace},
			Client:     s.client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		}
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock:          lock,
			LeaseDuration: 2 * time.Second,
			RenewDeadline: time.Second,
			RetryPeriod:   200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { leading <- name },
				OnStoppedLeading: func() {},
			},
		})
	}
	go run(first, "one")
	if err := expect(ctx, leading, "one"); err != nil {
		return err
	}
	go run(ctx, "two")
	stopFirst()
	return expect(ctx, leading, "two")
}

// A controller of custom objects: whatever has a size gets a status that says so.
func controller(ctx context.Context, s *scene) error {
	resource, err := define(ctx, s, "boxes", "Box")
	defer undefine(s, resource)
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(s.config)
	if err != nil {
		return err
	}
	boxes := client.Resource(resource).Namespace(s.namespace)
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	defer queue.ShutDown()
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, s.namespace, nil)
	enqueue := func(object any) { queue.Add(object.(*unstructured.Unstructured).GetName()) }
	_, err = factory.ForResource(resource).Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	go func() {
		for {
			name, done := queue.Get()
			if done {
				return
			}
			if err := measure(ctx, boxes, name); err != nil {
				queue.AddRateLimited(name)
			}
			queue.Done(name)
		}
	}()
	for n := range 20 {
		box := custom("Box", fmt.Sprintf("box-%d", n), map[string]any{"size": int64(n)})
		if _, err := boxes.Create(ctx, box, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	for {
		list, err := boxes.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		measured := 0
		for _, box := range list.Items {
			if size, found, _ := unstructured.NestedInt64(box.Object, "status", "size"); found && box.GetName() == fmt.Sprintf("box-%d", size) {
				measured++
			}
		}
		if measured == 20 {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func measure(ctx context.Context, boxes dynamic.ResourceInterface, name string) error {
	box, err := boxes.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	size, _, _ := unstructured.NestedInt64(box.Object, "spec", "size")
	if known, found, _ := unstructured.NestedInt64(box.Object, "status", "size"); found && known == size {
		return nil
	}
	if err := unstructured.SetNestedField(box.Object, size, "status", "size"); err != nil {
		return err
	}
	_, err = boxes.UpdateStatus(ctx, box, metav1.UpdateOptions{})
	return err
}
