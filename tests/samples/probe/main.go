// Command probe does what its first argument says; the runners' tests look at how it fared.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	verb := ""
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	switch verb {
	case "exit":
		os.Exit(number(2))
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "serve":
		serve(number(2))
	case "terminals":
		fmt.Println("terminals:", terminal(os.Stdin), terminal(os.Stdout), terminal(os.Stderr))
	case "read":
		text, _ := io.ReadAll(os.Stdin)
		fmt.Printf("read %q\n", text)
	case "streams":
		fmt.Println("to stdout")
		fmt.Fprintln(os.Stderr, "to stderr")
	case "flood":
		flood(number(2))
	case "features":
		fmt.Printf("race=%t dev=%t version=%s\n", race, dev, version)
	case "getenv":
		fmt.Printf("%q\n", os.Getenv(os.Args[2]))
	default:
		json.NewEncoder(os.Stdout).Encode(os.Args[1:])
	}
}

var version = "none"

// grace is longer than the half second after which nox would kill what it runs.
const grace = 900 * time.Millisecond

// serve takes its time to shut down, and a second signal very ill.
func serve(status int) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	fmt.Println("ready", os.Getpid())
	fmt.Println("stopping after", <-signals)
	select {
	case second := <-signals:
		fmt.Println("told again:", second)
		os.Exit(99)
	case <-time.After(grace):
		fmt.Println("stopped")
		os.Exit(status)
	}
}

// flood writes megabytes that are not UTF-8.
func flood(megabytes int) {
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(0x80 | i%64)
	}
	for range megabytes {
		os.Stdout.Write(block)
	}
}

func terminal(file *os.File) bool {
	info, err := file.Stat()
	null, _ := os.Stat(os.DevNull)
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && !os.SameFile(info, null)
}

func number(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		panic(err)
	}
	return n
}
