// Command kettle has a bug on purpose: whichever guest comes first boils the kettle, and nothing
// guards it. Built plainly it seems to work; built with -race it ends with exit status 66.
package main

import (
	"fmt"
	"sync"
)

var kettle string

func boil() {
	if kettle == "" {
		kettle = "hot"
	}
}

func main() {
	var guests sync.WaitGroup
	for range 8 {
		guests.Add(1)
		go func() {
			defer guests.Done()
			boil()
		}()
	}
	guests.Wait()
	fmt.Println("the kettle is", kettle)
}
