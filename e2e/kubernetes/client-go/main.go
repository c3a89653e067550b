// Checks an API server with the official Go client. In: a kubeconfig and the name of one check.
// Out: nothing and status 0, or what was wrong and status 1. Each check works in a namespace of its
// own and leaves the rest of the cluster as it was.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// A check gets clients for a namespace that is there for it alone.
type check func(ctx context.Context, s *scene) error

type scene struct {
	config    *rest.Config
	client    *kubernetes.Clientset
	namespace string
}

var checks = map[string]check{
	"typed":             typed,
	"protobuf":          protobuf,
	"apply":             apply,
	"conflict":          conflict,
	"pages":             pages,
	"discovery":         discovery,
	"dynamic":           dynamicObjects,
	"metadata":          metadataOnly,
	"scale":             scaleOnly,
	"cbor":              cbor,
	"informer":          informer,
	"restart":           restart,
	"leader-election":   leaderElection,
	"controller":        controller,
	"events":            recordEvents,
	"token":             token,
	"signing-request":   signingRequest,
	"eviction":          eviction,
	"exec":              execRefused,
	"authorizer-review": review,
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: %s KUBECONFIG CHECK", os.Args[0]))
	}
	run, known := checks[os.Args[2]]
	if !known {
		fail(fmt.Errorf("no check %q", os.Args[2]))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	s, err := openScene(ctx, os.Args[1], os.Args[2])
	if err != nil {
		fail(err)
	}
	err = run(ctx, s)
	_ = s.client.CoreV1().Namespaces().Delete(ctx, s.namespace, metav1.DeleteOptions{})
	if err != nil {
		fail(err)
	}
}

func openScene(ctx context.Context, kubeconfig, name string) (*scene, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 1000, 1000
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-"}}
	made, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return &scene{config, client, made.Name}, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// want is nil where got is what was expected.
func want[T comparable](what string, got, expected T) error {
	if got == expected {
		return nil
	}
	return fmt.Errorf("%s: got %v, expected %v", what, got, expected)
}
