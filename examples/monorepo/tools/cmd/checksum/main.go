// Command checksum prints the Adler-32 checksum of each argument, or of each tea on the menu.
// The sum is done in C.
package main

// #include "adler32.h"
import "C"

import (
	"fmt"
	"os"
	"unsafe"

	"example.com/teahouse/shared/tea"
)

func main() {
	words := os.Args[1:]
	if len(words) == 0 {
		for _, t := range tea.Menu() {
			words = append(words, t.Name)
		}
	}
	for _, word := range words {
		fmt.Printf("%08x %s\n", adler32([]byte(word)), word)
	}
}

func adler32(data []byte) uint32 {
	start := (*C.uchar)(unsafe.Pointer(unsafe.SliceData(data)))
	return uint32(C.adler32(start, C.size_t(len(data))))
}
