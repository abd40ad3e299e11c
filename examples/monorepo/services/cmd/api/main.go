// Command api serves the menu: a page made from embedded files, and the same menu as JSON.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"example.com/teahouse/shared/tea"
)

// version is set by the linker: -ldflags='-X main.version=1.2.3'.
var version = "dev"

//go:embed static
var static embed.FS

var page = template.Must(template.ParseFS(static, "static/index.html"))

func main() {
	addr := flag.String("addr", "localhost:8080", "listen on this `address`")
	once := flag.Bool("once", false, "serve one request to itself on a free port, print the answer and exit")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var err error
	if *once {
		err = serveOnce(ctx)
	} else {
		err = serve(ctx, *addr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

// serve answers until ctx is cancelled, then finishes the requests it has.
func serve(ctx context.Context, addr string) error {
	listener, err := listen(addr)
	if err != nil {
		return err
	}
	fmt.Printf("api %s on http://%s\n", version, listener.Addr())
	if err := serveOn(ctx, listener); err != nil {
		return err
	}
	fmt.Println("api stopped")
	return nil
}

// listen takes over the socket that gorun --watch --listen or systemd holds for us, if there is one.
func listen(addr string) (net.Listener, error) {
	if os.Getenv("LISTEN_FDS") == "1" && os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		return net.FileListener(os.NewFile(3, "listener"))
	}
	return net.Listen("tcp", addr)
}

// serveOnce is the self-test: one server, one request, one answer.
func serveOnce(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- serveOn(ctx, listener) }()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listener.Addr().String()+"/", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	fmt.Println("GET /", answer.Status)
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		return err
	}
	cancel()
	return <-served
}

func serveOn(ctx context.Context, listener net.Listener) error {
	var open sync.WaitGroup
	server := &http.Server{Handler: routes(), ReadHeaderTimeout: 2 * time.Second}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Done()
		}
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	// Shutdown drops every request that it has not read yet. So whoever was let in is answered first.
	listener.Close()
	<-served
	server.SetKeepAlivesEnabled(false)
	open.Wait()
	return server.Shutdown(context.Background())
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.FileServerFS(static))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page.Execute(w, map[string]any{"Version": version, "Menu": tea.Menu()})
	})
	mux.HandleFunc("GET /menu", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(tea.Menu())
	})
	return mux
}
