// Package tea is what the house serves. Both the services and the tools read it.
package tea

import "fmt"

// Tea is one line of the menu.
type Tea struct {
	Name    string `json:"name"`
	Celsius int    `json:"celsius"`
	Minutes int    `json:"minutes"`
}

// Menu lists every tea of the house, in the order it is served.
func Menu() []Tea {
	return []Tea{
		{Name: "sencha", Celsius: 75, Minutes: 1},
		{Name: "oolong", Celsius: 90, Minutes: 3},
		{Name: "assam", Celsius: 95, Minutes: 4},
		{Name: "rooibos", Celsius: 100, Minutes: 6},
	}
}

func (t Tea) String() string {
	return fmt.Sprintf("%s (%d °C, %d min)", t.Name, t.Celsius, t.Minutes)
}
