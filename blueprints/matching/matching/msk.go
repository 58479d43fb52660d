package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/Shopify/sarama"
)

// A token for MSK is a signed request to connect, in base64: https://github.com/aws/aws-msk-iam-sasl-signer-go

const (
	tokenSeconds = 900
	renewBefore  = 5 * time.Minute
)

// Credentials of a role, as the agent for pods' identities gives them.
type Credentials struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      time.Time
}

type tokens struct {
	region      string
	credentials func() (Credentials, error)
}

// Token is sarama's question for what to log in with, at each connection.
func (t tokens) Token() (*sarama.AccessToken, error) {
	credentials, err := t.credentials()
	if err != nil {
		return nil, err
	}
	return &sarama.AccessToken{Token: mskToken(t.region, credentials, time.Now())}, nil
}

func mskToken(region string, who Credentials, now time.Time) string {
	host := "kafka." + region + ".amazonaws.com"
	stamp := now.UTC().Format("20060102T150405Z")
	scope := strings.Join([]string{stamp[:8], region, "kafka-cluster", "aws4_request"}, "/")
	query := url.Values{
		"Action":              {"kafka-cluster:Connect"},
		"X-Amz-Algorithm":     {"AWS4-HMAC-SHA256"},
		"X-Amz-Credential":    {who.AccessKeyID + "/" + scope},
		"X-Amz-Date":          {stamp},
		"X-Amz-Expires":       {fmt.Sprint(tokenSeconds)},
		"X-Amz-SignedHeaders": {"host"},
	}
	if who.Token != "" {
		query.Set("X-Amz-Security-Token", who.Token)
	}
	asked := strings.ReplaceAll(query.Encode(), "+", "%20")
	nothing := hex.EncodeToString(sum(""))
	request := strings.Join([]string{"GET", "/", asked, "host:" + host + "\n", "host", nothing}, "\n")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, hex.EncodeToString(sum(request))}, "\n")
	key := []byte("AWS4" + who.SecretAccessKey)
	for _, part := range strings.Split(scope, "/") {
		key = signed(key, part)
	}
	signature := hex.EncodeToString(signed(key, toSign))
	whole := fmt.Sprintf("https://%s/?%s&X-Amz-Signature=%s&User-Agent=matching", host, asked, signature)
	return base64.RawURLEncoding.EncodeToString([]byte(whole))
}

func sum(text string) []byte {
	digest := sha256.Sum256([]byte(text))
	return digest[:]
}

func signed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// podIdentity is the credentials of the pod's role, kept until shortly before they end.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
func podIdentity() func() (Credentials, error) {
	var mutex sync.Mutex
	var kept Credentials
	client := http.Client{Timeout: 2 * time.Second}
	return func() (Credentials, error) {
		mutex.Lock()
		defer mutex.Unlock()
		if time.Until(kept.Expiration) > renewBefore {
			return kept, nil
		}
		request, err := http.NewRequest(http.MethodGet, os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), nil)
		if err != nil {
			return Credentials{}, err
		}
		proof, err := os.ReadFile(os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
		if err != nil {
			return Credentials{}, err
		}
		request.Header.Set("Authorization", string(proof))
		answer, err := client.Do(request)
		if err != nil {
			return Credentials{}, err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return Credentials{}, fmt.Errorf("the identity agent answers %s", answer.Status)
		}
		var fresh Credentials
		if err := json.NewDecoder(answer.Body).Decode(&fresh); err != nil {
			return Credentials{}, err
		}
		kept = fresh
		return kept, nil
	}
}
