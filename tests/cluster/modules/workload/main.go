// Command workload is what runs in pods of tests: `workload serve HTTP_PORT UDP_PORT` answers HTTP
// and UDP, saying which node and pod it is and who asked; `workload pause` holds a pod's namespaces.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Answer is what a client reads.
type Answer struct {
	Node   string `json:"node"`
	Pod    string `json:"pod"`
	Client string `json:"client"`
}

func answer(client string) []byte {
	host, _, err := net.SplitHostPort(client)
	if err != nil {
		host = client
	}
	text, _ := json.Marshal(Answer{os.Getenv("NODE"), os.Getenv("POD"), host})
	return text
}

func main() {
	stop, done := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer done()
	if len(os.Args) > 1 && os.Args[1] == "pause" {
		<-stop.Done()
		return
	}
	if len(os.Args) != 4 {
		log.Fatal("usage: workload pause | workload serve HTTP_PORT UDP_PORT")
	}
	packets, err := net.ListenPacket("udp", ":"+os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	go echo(packets)
	server := &http.Server{Addr: ":" + os.Args[2], ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Connection", "close")
			_, _ = w.Write(answer(r.RemoteAddr))
		})}
	go func() {
		<-stop.Done()
		// Endpoints are withdrawn while it still answers.
		time.Sleep(5 * time.Second)
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func echo(packets net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		_, client, err := packets.ReadFrom(buffer)
		if err != nil {
			return
		}
		_, _ = packets.WriteTo(answer(client.String()), client)
	}
}
