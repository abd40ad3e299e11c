// Sigprog does what a test asks of a program: end in some way, answer signals, use its streams.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	switch os.Args[1] {
	case "exit":
		os.Exit(number(os.Args[2]))
	case "kill":
		die(syscall.Signal(number(os.Args[2])))
	case "serve":
		serve(number(os.Args[2]))
	case "streams":
		streams()
	case "count":
		fmt.Println("counting")
		n, err := io.Copy(io.Discard, os.Stdin)
		fmt.Println("end after", n, "bytes", err)
	case "flood":
		flood(number(os.Args[2]))
	case "read":
		content, err := io.ReadAll(os.NewFile(uintptr(number(os.Args[2])), "inherited"))
		fmt.Printf("%s %v\n", content, err)
	case "directory":
		fmt.Println(os.Getwd())
		fmt.Println(os.Getenv("PWD"))
	case "tree":
		tree(number(os.Args[2]))
	default:
		panic(os.Args[1])
	}
}

// die ends the process by a signal that the runtime would otherwise answer itself.
func die(signum syscall.Signal) {
	signal.Reset(signum)
	if err := syscall.Kill(os.Getpid(), signum); err != nil {
		panic(err)
	}
	select {}
}

// serve is a server that takes its time to shut down: it tells of every signal, and ends only when
// its input says so or ends.
func serve(status int) {
	signals := make(chan os.Signal, 100)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP,
		syscall.SIGUSR1, syscall.SIGUSR2)
	finish := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			if strings.TrimSpace(lines.Text()) == "finish" {
				break
			}
		}
		close(finish)
	}()
	fmt.Println("ready", os.Getpid())
	for {
		select {
		case got := <-signals:
			fmt.Println("got", got)
		case <-finish:
			fmt.Println("finished")
			os.Exit(status)
		}
	}
}

func streams() {
	for _, file := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		info, err := file.Stat()
		fmt.Println(file.Name(), "terminal", err == nil && info.Mode()&os.ModeCharDevice != 0)
	}
	fmt.Fprintln(os.Stdout, "to stdout")
	fmt.Fprintln(os.Stderr, "to stderr")
}

// flood writes every byte value, so nothing that decodes can pass it on unharmed.
func flood(size int) {
	out := bufio.NewWriter(os.Stdout)
	for i := range size {
		if err := out.WriteByte(byte(i * 31 >> 3)); err != nil {
			panic(err)
		}
	}
	if err := out.Flush(); err != nil {
		panic(err)
	}
}

// tree is a process with one child, which has one child, and so on; each tells of its interrupt and
// then waits for its own child.
func tree(depth int) {
	signals := make(chan os.Signal, 100)
	signal.Notify(signals, syscall.SIGINT)
	var child *exec.Cmd
	if depth > 0 {
		child = exec.Command(os.Args[0], "tree", strconv.Itoa(depth-1))
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			panic(err)
		}
	} else {
		fmt.Println("ready")
	}
	<-signals
	fmt.Println("interrupted", depth)
	if child != nil {
		if err := child.Wait(); err != nil && !errors.Is(err, syscall.ECHILD) {
			panic(err)
		}
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}
