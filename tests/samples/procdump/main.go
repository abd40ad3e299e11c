//go:build linux

// Procdump prints what a process finds when it starts: whatever a middleman could have changed.
//
// Two starts by the same parent print the same text: no process id, no inode or pipe number, no
// time. "argument 0" is the executable's path; who compares starts by different paths drops it.
//
// It imports syscall and never os (nor fmt, which does): package os would open descriptors of its
// own while ours are counted.
package main

import (
	"bytes"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// The signal mask belongs to a thread: stay on the one that was there at exec.
func init() { runtime.LockOSThread() }

func main() {
	arguments()
	environment()
	directory()
	descriptors()
	status()
	group()
	limits()
}

func arguments() {
	for i, argument := range split(read("/proc/self/cmdline")) {
		say("argument "+strconv.Itoa(i), strconv.QuoteToASCII(argument))
	}
}

// The environment comes from the kernel: package syscall would hide what is doubled or malformed.
func environment() {
	entries := split(read("/proc/self/environ"))
	slices.Sort(entries)
	for _, entry := range entries {
		say("environment", strconv.QuoteToASCII(entry))
	}
}

func directory() {
	path, err := syscall.Getwd()
	must(err)
	say("directory", strconv.QuoteToASCII(path))
}

func descriptors() {
	listing, err := syscall.Open("/proc/self/fd", syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	must(err)
	var names []string
	buffer := make([]byte, 16384)
	for {
		n, err := syscall.ReadDirent(listing, buffer)
		must(err)
		if n == 0 {
			break
		}
		_, _, names = syscall.ParseDirent(buffer[:n], -1, names)
	}
	var open []int
	for _, name := range names {
		number, err := strconv.Atoi(name)
		must(err)
		if number != listing {
			open = append(open, number)
		}
	}
	slices.Sort(open)
	for _, number := range open {
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(number), syscall.F_GETFL, 0)
		if errno != 0 {
			must(errno)
		}
		say("descriptor "+strconv.Itoa(number), kind(number)+" flags 0"+strconv.FormatUint(uint64(flags), 8))
	}
}

// kind names what a descriptor is, without the numbers that differ from run to run.
func kind(number int) string {
	buffer := make([]byte, 4096)
	n, err := syscall.Readlink("/proc/self/fd/"+strconv.Itoa(number), buffer)
	must(err)
	target := string(buffer[:n])
	if strings.HasPrefix(target, "/dev/pts/") {
		return "terminal"
	}
	if name, _, numbered := strings.Cut(target, ":["); numbered {
		return name
	}
	return strconv.QuoteToASCII(target)
}

func status() {
	wanted := []string{
		"SigBlk", "SigIgn", "Umask", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp",
		"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Cpus_allowed_list",
	}
	for line := range strings.Lines(string(read("/proc/thread-self/status"))) {
		name, value, _ := strings.Cut(line, ":")
		if slices.Contains(wanted, name) {
			say(name, strings.TrimSpace(value))
		}
	}
	niceness, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	must(err)
	say("niceness", strconv.Itoa(20-niceness))
	var parentDeath int32
	_, _, errno := syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&parentDeath)), 0)
	if errno != 0 {
		must(errno)
	}
	say("signal when the parent dies", strconv.Itoa(int(parentDeath)))
}

// group prints relations to the caller's own group and session, not to this process: a program that
// replaced its starter and a child of it stand in the same ones.
func group() {
	// The name, in parentheses, may hold spaces.
	text := string(read("/proc/self/stat"))
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	processGroup, session, terminal, foreground := fields[2], fields[3], fields[4], fields[5]
	say("process group", processGroup)
	say("session", session)
	say("controlling terminal", strconv.FormatBool(terminal != "0"))
	say("in the foreground", strconv.FormatBool(foreground == processGroup))
}

// limits comes last, since it becomes another program: Go raises the soft limit of open files when a
// program starts, and shows the one it inherited only to what it executes.
func limits() {
	must(syscall.Exec("/bin/cat", []string{"cat", "/proc/self/limits"}, nil))
}

func read(path string) []byte {
	file, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	must(err)
	defer syscall.Close(file)
	var content []byte
	buffer := make([]byte, 65536)
	for {
		n, err := syscall.Read(file, buffer)
		must(err)
		if n == 0 {
			return content
		}
		content = append(content, buffer[:n]...)
	}
}

// split undoes the kernel's form: every string ends with a NUL.
func split(content []byte) []string {
	content, ended := bytes.CutSuffix(content, []byte{0})
	if !ended {
		return nil
	}
	return strings.Split(string(content), "\x00")
}

func say(name, value string) {
	line := []byte(name + ": " + value + "\n")
	for len(line) > 0 {
		n, err := syscall.Write(1, line)
		if err != nil {
			syscall.Exit(1)
		}
		line = line[n:]
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
