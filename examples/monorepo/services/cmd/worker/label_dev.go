//go:build dev

package main

// label marks every report of a worker built with -tags=dev.
const label = "[dev] "
