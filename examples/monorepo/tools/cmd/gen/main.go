// Command gen writes the menu as Go constants, for programs that want no table at run time.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"go/format"
	"os"
	"strings"
	"text/template"

	"example.com/teahouse/shared/tea"
)

//go:embed menu.go.tmpl
var source string

func main() {
	name := flag.String("package", "menu", "the `name` of the package to write")
	output := flag.String("o", "", "write to this `file` instead of standard output")
	flag.Parse()
	if err := generate(*name, *output); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate(name, output string) error {
	title := func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
	menu, err := template.New("menu").Funcs(template.FuncMap{"title": title}).Parse(source)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := menu.Execute(&text, map[string]any{"Package": name, "Menu": tea.Menu()}); err != nil {
		return err
	}
	code, err := format.Source(text.Bytes())
	if err != nil {
		return err
	}
	if output == "" {
		_, err = os.Stdout.Write(code)
		return err
	}
	if err := os.WriteFile(output, code, 0o666); err != nil {
		return err
	}
	fmt.Printf("gen: %d teas in %s\n", len(tea.Menu()), output)
	return nil
}
