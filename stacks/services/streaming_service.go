// The streaming service until a real one takes its place: answers for its health, and for whether it reaches its content.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

var client = http.Client{Timeout: time.Second}

// reached tells whether the bucket is there: S3 answers 403 for one that is closed to strangers, 404 for one that is not there.
func reached(url string) bool {
	response, err := client.Head(url)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK || response.StatusCode == http.StatusForbidden
}

func answer(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func setting(name, otherwise string) string {
	if value, given := os.LookupEnv(name); given {
		return value
	}
	return otherwise
}

func main() {
	s3 := setting("S3_ENDPOINT", fmt.Sprintf("https://s3.%s.amazonaws.com", setting("AWS_REGION", "us-east-1")))
	bucket := fmt.Sprintf("%s/%s", s3, setting("CONTENT_ADDRESS", ""))
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "up"})
	})
	http.HandleFunc("/api/streams", func(w http.ResponseWriter, r *http.Request) {
		if reached(bucket) {
			answer(w, http.StatusOK, map[string]string{"content": "reached"})
		} else {
			answer(w, http.StatusServiceUnavailable, map[string]string{"content": "lost"})
		}
	})
	server := http.Server{Addr: ":" + setting("PORT", "8080"), ReadHeaderTimeout: 5 * time.Second}
	if err := server.ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
