package main

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/sarama"
)

var somebody = Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret/+key", Token: "to/ken+="}

func TestATokenIsSignedAsBotocoreSigns(t *testing.T) {
	// botocore.auth.SigV4QueryAuth(…, "kafka-cluster", "eu-west-1", expires=900), botocore 1.44.5
	wanted := "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-west-1%2Fkafka-cluster%2Faws4_request" +
		"&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=to%2Fken%2B%3D" +
		"&X-Amz-Signature=72ef73305d4c1ab48df3da8a47ef6a6482fc54dc30dd5d6b4f582f6eccd1cbba&User-Agent=matching"
	token := mskToken("eu-west-1", somebody, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	got, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || sorted(string(got)) != sorted(wanted) {
		t.Errorf("got %s (%v)", got, err)
	}
}

// sorted is an address without the order of its query, which the signature covers in its own.
func sorted(address string) string {
	parts := strings.Split(address, "&")
	var security, rest []string
	for _, part := range parts {
		if strings.HasPrefix(part, "X-Amz-Security-Token=") {
			security = append(security, part)
		} else {
			rest = append(rest, part)
		}
	}
	return strings.Join(append(rest, security...), "&")
}

func TestThePodsIdentityIsAskedWithItsProofAndKept(t *testing.T) {
	asked := 0
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("Authorization") != "proof" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		ends := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		w.Write([]byte(`{"AccessKeyId":"a","SecretAccessKey":"s","Token":"t","Expiration":"` + ends + `"}`))
	}))
	defer agent.Close()
	proof := filepath.Join(t.TempDir(), "token")
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.URL)
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", proof)
	identity := podIdentity()
	os.WriteFile(proof, []byte("wrong"), 0o600)
	if _, err := identity(); err == nil {
		t.Error("a wrong proof is enough")
	}
	os.WriteFile(proof, []byte("proof"), 0o600)
	for n := 0; n < 3; n++ {
		if got, err := identity(); err != nil || got.AccessKeyID != "a" || got.Token != "t" {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestADispatchGoesToTheTopicAndIsAcknowledgedByAll(t *testing.T) {
	broker := sarama.NewMockBroker(t, 1)
	defer broker.Close()
	broker.SetHandlerByMap(map[string]sarama.MockResponse{
		"SaslHandshakeRequest":    sarama.NewMockSaslHandshakeResponse(t).SetEnabledMechanisms([]string{"OAUTHBEARER"}),
		"SaslAuthenticateRequest": sarama.NewMockSaslAuthenticateResponse(t),
		"MetadataRequest": sarama.NewMockMetadataResponse(t).SetBroker(broker.Addr(), broker.BrokerID()).
			SetLeader(topic, 0, broker.BrokerID()),
		"ProduceRequest": sarama.NewMockProduceResponse(t).SetVersion(3),
	})
	config := kafkaConfig("us-east-1", func() (Credentials, error) { return somebody, nil })
	config.Net.TLS.Enable = false // the stand-in has none
	events, err := newKafka([]string{broker.Addr()}, config)
	if err != nil {
		t.Fatal(err)
	}
	if err := events.tell(Dispatch{Trip: "t", Rider: "r", Driver: "d"}); err != nil {
		t.Fatal(err)
	}
	var proved, produced bool
	for _, turn := range broker.History() {
		switch request := turn.Request.(type) {
		case *sarama.SaslAuthenticateRequest:
			proved = strings.HasPrefix(string(request.SaslAuthBytes), "n,,\x01auth=Bearer ")
		case *sarama.ProduceRequest:
			produced = request.RequiredAcks == sarama.WaitForAll
		}
	}
	if !proved || !produced {
		t.Errorf("proved %v, produced %v", proved, produced)
	}
}

func TestWithoutAnIdentityNothingIsTold(t *testing.T) {
	config := kafkaConfig("us-east-1", func() (Credentials, error) { return Credentials{}, os.ErrNotExist })
	config.Metadata.Retry.Max = 0
	config.Net.TLS.Enable = false
	broker := sarama.NewMockBroker(t, 1)
	broker.SetHandlerByMap(map[string]sarama.MockResponse{
		"SaslHandshakeRequest": sarama.NewMockSaslHandshakeResponse(t).SetEnabledMechanisms([]string{"OAUTHBEARER"}),
	})
	defer broker.Close()
	if _, err := newKafka([]string{broker.Addr()}, config); err == nil {
		t.Error("it connects")
	}
}
