package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/tools/remotecommand"
)

func pod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "main:1"}}},
	}
}

// Both recorders; the older one counts what is told again, the newer one makes a series of it.
func recordEvents(ctx context.Context, s *scene) error {
	about, err := s.client.CoreV1().Pods(s.namespace).Create(ctx, pod("about"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	old := record.NewBroadcaster()
	defer old.Shutdown()
	old.StartRecordingToSink(sinkOf(s))
	oldRecorder := old.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "check"})
	for range 3 {
		oldRecorder.Event(about, corev1.EventTypeNormal, "Told", "told thrice")
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: s.client.EventsV1()})
	defer broadcaster.Shutdown()
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		return err
	}
	recorder := broadcaster.NewRecorder(scheme.Scheme, "check.example.com/check")
	for range 2 {
		recorder.Eventf(about, nil, corev1.EventTypeNormal, "Seen", "Look", "seen twice")
	}
	for {
		list, err := s.client.CoreV1().Events(s.namespace).List(ctx, metav1.ListOptions{
			FieldSelector: "involvedObject.name=about",
		})
		if err != nil {
			return err
		}
		told, seen := false, false
		for _, event := range list.Items {
			told = told || event.Reason == "Told" && event.Count == 3
			seen = seen || event.Reason == "Seen"
		}
		if told && seen {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func token(ctx context.Context, s *scene) error {
	accounts := s.client.CoreV1().ServiceAccounts(s.namespace)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}
	if _, err := accounts.Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return err
	}
	seconds := int64(600)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	issued, err := accounts.CreateToken(ctx, "robot", request, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	config := rest.AnonymousClientConfig(s.config)
	config.BearerToken = issued.Status.Token
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	me, err := client.AuthenticationV1().SelfSubjectReviews().
		Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return want("user", me.Status.UserInfo.Username, "system:serviceaccount:"+s.namespace+":robot")
}

func review(ctx context.Context, s *scene) error {
	ask := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:               "somebody",
		ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "delete", Resource: "nodes"},
	}}
	answer, err := s.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, ask, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := want("somebody may delete nodes", answer.Status.Allowed, false); err != nil {
		return err
	}
	ask.Spec.Groups = []string{"system:masters"}
	answer, err = s.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, ask, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return want("a master may", answer.Status.Allowed, true)
}

// A certificate is asked for, approved, signed, and lets its owner in.
func signingRequest(ctx context.Context, s *scene) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "alice", Organization: []string{"front"}}}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return err
	}
	requests := s.client.CertificatesV1().CertificateSigningRequests()
	request := &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "alice-"},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			Request:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
			SignerName: certificatesv1.KubeAPIServerClientSignerName,
			Usages:     []certificatesv1.KeyUsage{certificatesv1.UsageClientAuth},
		},
	}
	made, err := requests.Create(ctx, request, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = requests.Delete(context.Background(), made.Name, metav1.DeleteOptions{}) }()
	made.Status.Conditions = append(made.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue, Reason: "Checked",
	})
	if _, err := requests.UpdateApproval(ctx, made.Name, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	for {
		signed, err := requests.Get(ctx, made.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(signed.Status.Certificate) > 0 {
			return enterAs(ctx, s, signed.Status.Certificate, key)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func enterAs(ctx context.Context, s *scene, certificate []byte, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	config := rest.AnonymousClientConfig(s.config)
	config.CertData = certificate
	config.KeyData = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	me, err := client.AuthenticationV1().SelfSubjectReviews().
		Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return want("user", me.Status.UserInfo.Username+" of "+strings.Join(me.Status.UserInfo.Groups, ","),
		"alice of front,system:authenticated")
}

func eviction(ctx context.Context, s *scene) error {
	pods := s.client.CoreV1().Pods(s.namespace)
	if _, err := pods.Create(ctx, pod("evicted"), metav1.CreateOptions{}); err != nil {
		return err
	}
	evict := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "evicted", Namespace: s.namespace}}
	if err := s.client.PolicyV1().Evictions(s.namespace).Evict(ctx, evict); err != nil {
		return err
	}
	list, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	return want("pods that stay", len(list.Items), 0)
}

// A pod that no node runs: both protocols are refused in words.
func execRefused(ctx context.Context, s *scene) error {
	if _, err := s.client.CoreV1().Pods(s.namespace).Create(ctx, pod("asleep"), metav1.CreateOptions{}); err != nil {
		return err
	}
	request := s.client.CoreV1().RESTClient().Post().
		Resource("pods").Namespace(s.namespace).Name("asleep").SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: []string{"true"}, Stdout: true}, scheme.ParameterCodec)
	websocket, err := remotecommand.NewWebSocketExecutor(s.config, "GET", request.URL().String())
	if err != nil {
		return err
	}
	spdy, err := remotecommand.NewSPDYExecutor(s.config, "POST", request.URL())
	if err != nil {
		return err
	}
	for _, executor := range []remotecommand.Executor{websocket, spdy} {
		err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &bytes.Buffer{}})
		if err == nil || !strings.Contains(err.Error(), "does not have a host assigned") {
			return fmt.Errorf("exec: got %v, expected to hear that the pod has no host", err)
		}
	}
	return nil
}

func sinkOf(s *scene) record.EventSink {
	return &typedcore.EventSinkImpl{Interface: s.client.CoreV1().Events(s.namespace)}
}
