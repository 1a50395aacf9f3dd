// Answers each line by two writes, with Nagle's algorithm on, which Go turns off by itself.
package main

import (
	"bufio"
	"log"
	"net"
	"os"
)

func answer(connection *net.TCPConn) {
	defer connection.Close()
	if err := connection.SetNoDelay(false); err != nil {
		log.Fatal(err)
	}
	for requests := bufio.NewScanner(connection); requests.Scan(); {
		connection.Write([]byte("the answer\n"))
		connection.Write([]byte("end\n"))
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go answer(connection.(*net.TCPConn))
	}
}
