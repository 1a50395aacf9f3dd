// A suite of Go's own kind, by `go test`: KIND=split|nodelay|merged says how the server writes header and body.
package suite

import (
	"bufio"
	"io"
	"net"
	"os"
	"strings"
	"testing"
)

func serve(listener net.Listener, kind string) {
	for {
		accepted, err := listener.Accept()
		if err != nil {
			return
		}
		connection := accepted.(*net.TCPConn)
		connection.SetNoDelay(kind == "nodelay") // Go turns Nagle's algorithm off by itself
		go func() {
			for requests := bufio.NewReader(connection); ; {
				if _, err := requests.ReadString('\n'); err != nil {
					return
				}
				if kind == "merged" {
					io.WriteString(connection, strings.Repeat("h", 60)+strings.Repeat("b", 40))
					continue
				}
				io.WriteString(connection, strings.Repeat("h", 60))
				io.WriteString(connection, strings.Repeat("b", 40))
			}
		}()
	}
}

func TestAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go serve(listener, os.Getenv("KIND"))
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	answer := make([]byte, 100)
	for i := 0; i < 20; i++ {
		io.WriteString(client, "ask\n")
		if _, err := io.ReadFull(client, answer); err != nil {
			t.Fatal(err)
		}
	}
}
