// The matching service: finds each ride the best driver near it, and sends nobody to two riders.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// peers are the addresses behind PEERS: names or addresses with commas between them, each with its own port
// or the one that this pod gossips on.
func peers(names, port string) func() []string {
	return func() []string {
		var found []string
		for _, name := range strings.Split(names, ",") {
			host, own, err := net.SplitHostPort(name)
			if err != nil {
				host, own = name, port
			}
			addresses, err := net.LookupHost(host)
			if err != nil {
				continue // not ready yet: it is looked up again
			}
			for _, address := range addresses {
				found = append(found, net.JoinHostPort(address, own))
			}
		}
		return found
	}
}

func events() (Events, error) {
	if path := os.Getenv("EVENTS_FILE"); path != "" {
		return newLines(path)
	}
	address := os.Getenv("EVENTS_ADDRESS")
	if address == "" {
		return nil, fmt.Errorf("EVENTS_ADDRESS or EVENTS_FILE is needed")
	}
	config := kafkaConfig(setting("AWS_REGION", "us-east-1"), podIdentity())
	return newKafka(strings.Split(address, ","), config)
}

func run() error {
	told, err := events()
	if err != nil {
		return err
	}
	index := newIndex(setting("LOCATIONS_ADDRESS", "127.0.0.1:6379"))
	live := newLive(index)
	if err := live.refresh(); err != nil {
		log.Printf("no splits and controls yet: %v", err)
	}

	port := setting("GOSSIP_PORT", "3000")
	own := net.JoinHostPort(setting("POD_IP", "127.0.0.1"), port)
	socket, err := net.ListenPacket("udp", setting("GOSSIP_BIND", "")+":"+port)
	if err != nil {
		return err
	}
	gossip := newGossip(own, socket, peers(os.Getenv("PEERS"), port))
	service := &Service{index: index, live: live, gossip: gossip, events: told}
	service.pricing = os.Getenv("PRICING_ADDRESS")
	service.client.Transport = &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
		DialContext: (&net.Dialer{Timeout: 200 * time.Millisecond}).DialContext}
	go live.run()
	go gossip.run()

	riders := http.NewServeMux()
	riders.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		say(w, Said{http.StatusOK, "", map[string]interface{}{"status": "up", "members": len(gossip.all())}})
	})
	riders.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) { writeMetrics(w) })
	riders.HandleFunc("/api/rides", posted(service.asked))
	members := http.NewServeMux()
	members.HandleFunc("/api/rides", posted(service.passedOn))

	failed := make(chan error, 2)
	servers := []*http.Server{serve(setting("PORT", "8080"), riders, failed), serve(port, members, failed)}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-failed:
		return err
	case <-stop:
	}
	gossip.leave()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, server := range servers {
		server.Shutdown(ctx)
	}
	return live.flush()
}

func posted(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		answer(w, r)
	}
}

func serve(port string, handler http.Handler, failed chan<- error) *http.Server {
	server := &http.Server{Addr: ":" + port, Handler: handler}
	server.ReadHeaderTimeout, server.IdleTimeout = 5*time.Second, 2*time.Minute
	go func() {
		if err := server.ListenAndServe(); err != http.ErrServerClosed {
			failed <- err
		}
	}()
	return server
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
