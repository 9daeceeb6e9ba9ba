package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"homeostat.dev/tools/bench-go/internal/meter"
	"k8s.io/client-go/rest"
)

// A server, and whom it takes us for.
type server struct {
	host string
	tls  *tls.Config
	head string
}

func serverOf(config *rest.Config) server {
	address, err := url.Parse(config.Host)
	meter.Must(err)
	secure, err := rest.TLSConfigFor(config)
	meter.Must(err)
	if secure != nil {
		secure.ServerName = address.Hostname()
	}
	head := " HTTP/1.1\r\nHost: " + address.Host + "\r\nAccept: application/json\r\nUser-Agent: load\r\n"
	if config.BearerToken != "" {
		head += "Authorization: Bearer " + config.BearerToken + "\r\n"
	}
	return server{host: address.Host, tls: secure, head: head}
}

// A connection that is kept alive. Requests are written by hand: the generator shares
// the machine with the server, and http.Client would take twice as much of it.
type conn struct {
	net.Conn
	server  server
	in      *bufio.Reader
	out     []byte
	request http.Request
}

func (s server) dial() *conn {
	plain, err := net.Dial("tcp", s.host)
	meter.Must(err)
	if s.tls != nil {
		plain = tls.Client(plain, s.tls)
	}
	return &conn{Conn: plain, server: s, in: bufio.NewReaderSize(plain, 1<<16)}
}

func (c *conn) send(method, path, kind string, body []byte) *http.Response {
	out := append(c.out[:0], method...)
	out = append(out, ' ')
	out = append(out, path...)
	out = append(out, c.server.head...)
	if body != nil {
		out = append(out, "Content-Type: "...)
		out = append(out, kind...)
		out = append(out, "\r\nContent-Length: "...)
		out = strconv.AppendInt(out, int64(len(body)), 10)
		out = append(out, "\r\n"...)
	}
	out = append(out, "\r\n"...)
	c.out = append(out, body...)
	_, err := c.Write(c.out)
	meter.Must(err)
	c.request.Method = method
	answer, err := http.ReadResponse(c.in, &c.request)
	meter.Must(err)
	return answer
}

// try sends a request and returns the status and the body.
func (c *conn) try(method, path, kind string, body []byte) (int, []byte) {
	answer := c.send(method, path, kind, body)
	text, err := io.ReadAll(answer.Body)
	meter.Must(err)
	meter.Must(answer.Body.Close())
	return answer.StatusCode, text
}

// ask sends a request, of which nothing but success will do.
func (c *conn) ask(method, path, kind string, body []byte) {
	answer := c.send(method, path, kind, body)
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(answer.Body)
		meter.Must(fmt.Errorf("%s %s: %d %.300s", method, path, answer.StatusCode, text))
	}
	_, err := io.Copy(io.Discard, answer.Body)
	meter.Must(err)
	meter.Must(answer.Body.Close())
}

// version returns the resource version that a collection has.
func (c *conn) version(path string) string {
	_, text := c.try("GET", path+"?limit=1", "", nil)
	_, after, _ := bytes.Cut(text, []byte(`"resourceVersion":"`))
	version, _, found := bytes.Cut(after, []byte(`"`))
	if !found {
		meter.Must(fmt.Errorf("GET %s: no resource version in %.300s", path, text))
	}
	return string(version)
}

// watch calls back for each event of a collection from now on, with the line that it is.
// It ends with the process, or when the callback has had enough.
func (s server) watch(path, version string, event func(line []byte) bool) {
	c := s.dial()
	answer := c.send("GET", path+"?watch=1&resourceVersion="+version, "", nil)
	if answer.StatusCode != http.StatusOK {
		meter.Must(fmt.Errorf("watch %s: %d", path, answer.StatusCode))
	}
	go func() {
		lines := bufio.NewReaderSize(answer.Body, 1<<16)
		for {
			line, err := lines.ReadSlice('\n')
			meter.Must(err)
			if !event(line) {
				break
			}
		}
		meter.Must(c.Close())
	}()
}

// patient waits for what may take the server a while.
func patient(what string, done func() bool) {
	for deadline := time.Now().Add(30 * time.Second); !done(); {
		if time.Now().After(deadline) {
			meter.Must(fmt.Errorf("%s: not within 30 s", what))
		}
		time.Sleep(time.Millisecond)
	}
}
