package main

import (
	"crypto/tls"
	"encoding/json"
	"os"
	"sync"
	"time"

	"github.com/Shopify/sarama"
)

const topic = "driver.location.updated"

// Dispatch is what others are told of a ride that has a driver.
type Dispatch struct {
	Trip       string  `json:"trip"`
	Rider      string  `json:"rider"`
	Driver     string  `json:"driver"`
	Lat        float64 `json:"lat"`
	Lng        float64 `json:"lng"`
	EtaSeconds int     `json:"eta_seconds"`
	At         int64   `json:"at"` // ms
}

// Events takes what happened, and keeps it before it returns.
type Events interface {
	tell(Dispatch) error
}

type kafka struct {
	producer sarama.SyncProducer
}

// newKafka reaches brokers over TLS, with the role of the pod.
func newKafka(brokers []string, config *sarama.Config) (Events, error) {
	producer, err := sarama.NewSyncProducer(brokers, config)
	if err != nil {
		return nil, err
	}
	return kafka{producer}, nil
}

func kafkaConfig(region string, credentials func() (Credentials, error)) *sarama.Config {
	config := sarama.NewConfig()
	config.ClientID = "matching"
	config.Version = sarama.V2_0_0_0
	config.Net.DialTimeout, config.Net.ReadTimeout, config.Net.WriteTimeout = time.Second, 2*time.Second, 2*time.Second
	config.Net.TLS.Enable = true
	config.Net.TLS.Config = &tls.Config{MinVersion: tls.VersionTLS12}
	config.Net.SASL.Enable = true
	config.Net.SASL.Mechanism = sarama.SASLTypeOAuth
	config.Net.SASL.TokenProvider = tokens{region, credentials}
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Timeout = 2 * time.Second
	config.Producer.Retry.Max, config.Producer.Retry.Backoff = 3, 50*time.Millisecond
	return config
}

// tell is at least once: a repeated event has the same trip.
func (k kafka) tell(event Dispatch) error {
	text, err := json.Marshal(event)
	if err != nil {
		return err
	}
	_, _, err = k.producer.SendMessage(&sarama.ProducerMessage{
		Topic: topic, Key: sarama.StringEncoder(event.Trip), Value: sarama.ByteEncoder(text),
	})
	return err
}

// lines is a file that takes the place of Kafka where there is none.
type lines struct {
	mutex sync.Mutex
	file  *os.File
}

func newLines(path string) (Events, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return &lines{file: file}, err
}

func (l *lines) tell(event Dispatch) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return json.NewEncoder(l.file).Encode(event)
}
