//go:build !dev

package main

const label = ""
