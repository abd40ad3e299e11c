// Command other is a second program, for tests that need two.
package main

import (
	"encoding/json"
	"os"
)

func main() {
	json.NewEncoder(os.Stdout).Encode(append([]string{"other"}, os.Args[1:]...))
}
