// Command worker brews orders, several pots at a time, and reports them in the order they came.
package main

import (
	"flag"
	"fmt"
	"os"
	"sync"

	"example.com/teahouse/shared/tea"
)

func main() {
	cups := flag.Int("cups", 4, "how many cups are ordered")
	pots := flag.Int("pots", 2, "how many pots brew at the same time")
	flag.Parse()
	if *cups < 0 || *pots < 1 {
		fmt.Fprintln(os.Stderr, "worker: there must be a pot, and no fewer than zero cups")
		os.Exit(2)
	}
	for _, report := range brew(*cups, *pots) {
		fmt.Println(report)
	}
}

// brew shares the cups out over the pots. Each cup has its own place for its report.
func brew(cups, pots int) []string {
	menu := tea.Menu()
	reports := make([]string, cups)
	orders := make(chan int)
	var brewing sync.WaitGroup
	for range pots {
		brewing.Add(1)
		go func() {
			defer brewing.Done()
			for cup := range orders {
				reports[cup] = fmt.Sprintf("%scup %d: %s", label, cup+1, menu[cup%len(menu)])
			}
		}()
	}
	for cup := range cups {
		orders <- cup
	}
	close(orders)
	brewing.Wait()
	return reports
}
